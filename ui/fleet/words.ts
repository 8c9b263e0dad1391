/** Words that more than one of the centre's pages has. */
import { staff } from '../shared/staff.svelte'
import type { Colour, Trouble } from './api'

const { w } = staff

export const colourWord = (c: Colour): string =>
  ({
    red: w('Không phục vụ', 'Out of service'),
    yellow: w('Cần xử lý', 'Needs work'),
    green: w('Tốt', 'Works'),
    grey: w('Ngoài giờ', 'Closed'),
    waiting: w('Chờ cài đặt', 'To enrol'),
    revoked: w('Đã khóa', 'Revoked'),
  })[c]

export const whoWord = (who: Trouble['who']): string =>
  ({ site: w('Người trực tại điểm', 'Whoever is at the site'), technician: w('Kỹ thuật viên', 'Technician'), centre: w('Trung tâm', 'Centre') })[who] ?? who

const two = (n: number) => String(n).padStart(2, '0')

/** A moment as people here write it, today's by its time alone. */
export function moment(text: string | null | undefined): string {
  if (!text) return '—'
  const t = new Date(text)
  const time = `${two(t.getHours())}:${two(t.getMinutes())}`
  return t.toDateString() === new Date().toDateString() ? time : `${time} ${two(t.getDate())}/${two(t.getMonth() + 1)}/${t.getFullYear()}`
}

/** How long since, in the largest unit that says enough. */
export function ago(text: string): string {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 60_000))
  if (minutes < 60) return w(`${minutes} phút`, `${minutes} min`)
  if (minutes < 48 * 60) return w(`${Math.round(minutes / 60)} giờ`, `${Math.round(minutes / 60)} h`)
  return w(`${Math.round(minutes / 1440)} ngày`, `${Math.round(minutes / 1440)} days`)
}

export const statusWord = (n: number): string =>
  [
    '', w('mới đăng ký', 'newly registered'), w('được tiếp nhận', 'accepted'), w('không được tiếp nhận', 'not accepted'), w('đang xử lý', 'in process'), w('yêu cầu bổ sung giấy tờ', 'more papers asked for'),
    w('yêu cầu nghĩa vụ tài chính', 'payment asked for'), w('công dân rút', 'withdrawn'), w('dừng', 'stopped'), w('đã xử lý xong', 'processed'), w('đã trả kết quả', 'result given'),
  ][n] ?? ''

export const reasonWord = (code: string): string =>
  ({
    'does-not-open': w('không mở được', 'does not open'),
    'answers-invalid': w('nội dung khai không hợp lệ', 'its answers are invalid'),
    'evidence-missing': w('thiếu bằng chứng từ thẻ', 'evidence of the card is missing'),
    'evidence-failed': w('bằng chứng từ thẻ không đúng', 'evidence of the card does not hold'),
    'evidence-below-policy': w('thẻ chưa được chứng minh đủ mức yêu cầu', 'the card is proven less than is required'),
    'part-damaged': w('trang giấy tờ bị hỏng', 'a page is damaged'),
    'dossier-of-another-kiosk': w('hồ sơ của máy khác', 'of another kiosk'),
    'receipt-number-of-another-kiosk': w('mã nhận của máy khác', 'a receipt number of another kiosk'),
    'procedure-unknown': w('thủ tục không có trong danh mục', 'the procedure is not in the catalogue'),
    'internal-error': w('lỗi phần mềm tại cổng tiếp nhận', 'a fault of the gateway'),
  })[code] ?? code

export const stepWord = (what: string): string =>
  ({
    recorded: w('Ghi nhận tại máy', 'Recorded at the kiosk'),
    'handed-over': w('Tới trung tâm', 'Handed over to the centre'),
    filed: w('Một cửa đã nhận', 'Filed at One-Stop'),
    refused: w('Bị từ chối:', 'Refused:'),
    quarantined: w('Bị giữ riêng:', 'Quarantined:'),
    'tried-again': w('Được thử lại', 'Tried again'),
    status: w('Tình trạng mới:', 'New status:'),
    'slip-printed': w('Đã in phiếu', 'The slip was printed'),
    'slip-not-printed': w('Phiếu không in được', 'The slip was not printed'),
    'slip-unknown': w('Không rõ phiếu đã ra chưa', 'Whether the slip came out is not known'),
    purged: w('Máy đã xóa bản niêm phong, chỉ giữ biên nhận', 'The kiosk let go of its sealed copy'),
    told: w('Máy đã được báo', 'The kiosk was told'),
  })[what] ?? what

export const roleWord = (role: string): string =>
  ({ viewer: w('xem', 'viewer'), operator: w('vận hành', 'operator'), admin: w('quản trị', 'admin') })[role] ?? role

export const deedWord = (what: string): string =>
  ({
    'session.begin': w('đăng nhập', 'signed in'),
    'session.totp': w('đặt lớp bảo vệ thứ hai', 'set up a second factor'),
    'session.password': w('đổi mật khẩu của mình', 'changed their password'),
    'kiosk.add': w('thêm máy', 'added a kiosk'),
    'kiosk.code': w('tạo mã ghi danh', 'made an enrolment code'),
    'kiosk.enrol': w('ghi danh máy', 'enrolled a kiosk'),
    'kiosk.revoke': w('khóa máy', 'revoked a kiosk'),
    'kiosk.undo': w('hoàn tác ghi danh', 'undid the enrolment'),
    'kiosk.identify': w('gọi máy lên tiếng', 'had it show itself'),
    'kiosk.restart': w('khởi động lại phần mềm', 'restarted its software'),
    'kiosk.test-print': w('in thử', 'printed a test page'),
    'kiosk.readiness': w('kiểm tra máy', 'had it examined'),
    'kiosk.word': w('nhắn hoặc tạm dừng máy', 'gave a notice, closed or opened'),
    'kiosk.logs': w('xem nhật ký máy', 'read its log'),
    'retention.set': w('đổi thời gian lưu giữ', 'changed how long things are kept'),
    'catalogue.add': w('thêm danh mục', 'added a catalogue'),
    'kiosk.technician-code': w('xem mã kỹ thuật', 'saw the technician code'),
    'config.begin': w('đổi cấu hình', 'changed configurations'),
    'config.stop': w('dừng đổi cấu hình', 'stopped a change'),
    'alert.ack': w('nhận báo động', 'took an alert'),
    'dossier.retry': w('thử lại hồ sơ', 'tried a dossier again'),
    'person.add': w('thêm người dùng', 'added a person'),
    'person.set': w('sửa người dùng', 'changed a person'),
    'person.reset': w('đặt lại mật khẩu', 'reset a password'),
  })[what] ?? what

/** A part of a whole in percent, and a mean of milliseconds in seconds; a dash where there is nothing. */
export const share = (n: number, of: number): string => (of ? `${Math.round((100 * n) / of)} %` : '—')
export const seconds = (ms: number, n: number): string => (n ? w(`${(ms / n / 1000).toFixed(1).replace('.', ',')} giây`, `${(ms / n / 1000).toFixed(1)} s`) : '—')

/** A kiosk's log as people read it: newest first, the time, what happened, the rest. */
export const logLines = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      try {
        const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
        return `${String(time).slice(11, 19)} ${level === 'INFO' ? '' : `${String(level)} `}${String(msg)} ${Object.entries(rest).map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`).join(' ')}`
      } catch {
        return line
      }
    })
    .reverse()
    .join('\n')

/** A day, 2026-11-30, as people here write it. */
export const day = (text: string): string => text.split('-').reverse().join('/')
