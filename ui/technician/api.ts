/** What the daemon tells a technician: kiosk/web/technician.go. */
import { staff } from '../shared/staff.svelte'

/** Which kiosk this is; no id: nobody's yet. */
export interface Place { kiosk: string; unit: string; site: string; in: boolean; scanned?: string }

export class Refused extends Error {
  constructor(public code: string, public detail = '') {
    super(code)
  }
}

export async function ask<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(`/technician/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) })
  } catch {
    throw new Refused('away')
  }
  const said: unknown = await answer.json().catch(() => ({}))
  if (answer.ok) return said as T
  const { error = 'failed', detail = '' } = said as { error?: string; detail?: string }
  throw new Refused(error, detail)
}

const { w } = staff

/** What went wrong, and what to do about it. */
export function why(e: unknown): string {
  const { code, detail } = e instanceof Refused ? e : new Refused('failed', String(e))
  const words: Record<string, string> = {
    away: w('Máy đang khởi động lại. Chờ một chút.', 'The kiosk is starting again. Wait a moment.'),
    'wrong-code': w('Mã chưa đúng. Xem lại từng chữ.', 'The code is wrong. Check it letter by letter.'),
    'code-used': w('Mã này đã dùng rồi. Xin trung tâm mã khác.', 'This code was used already. Ask the centre for another.'),
    'code-expired': w('Mã đã hết hạn. Xin trung tâm mã khác.', 'The code has expired. Ask the centre for another.'),
    'too-many-tries': w('Sai nhiều lần quá. Chờ một phút.', 'Too many wrong tries. Wait a minute.'),
    unreachable: w('Không nối được tới trung tâm. Kiểm tra địa chỉ và dây mạng.', 'The centre cannot be reached. Check the address and the network cable.'),
    impostor: w('Nơi trả lời không phải trung tâm của mã này. Dừng lại và gọi trung tâm.', 'Whoever answered is not the centre of this code. Stop, and call the centre.'),
    'no-centre': w('Điền địa chỉ trung tâm, hoặc quét mã QR trên tờ giấy.', 'Give the address of the centre, or scan the QR on the sheet.'),
    'wrong-address': w('Địa chỉ trung tâm chưa đúng. Phải như https://trungtam.example.vn', 'The address of the centre is wrong. It is like https://centre.example.vn'),
    'enrolled-already': w('Máy này đã ghi danh rồi.', 'This kiosk is enrolled already.'),
    'wrong-pin': w('Mã kỹ thuật chưa đúng. Trung tâm thấy mã ở trang của máy này.', 'The code is wrong. The centre sees it on the page of this kiosk.'),
    visit: w('Đang có người dùng máy. Chờ họ xong.', 'Somebody is using the kiosk. Wait until they are done.'),
    paper: w('Giấy chưa ra. Xem mục Máy in rồi thử lại.', 'The paper did not come out. See the printer below, and try again.'),
    offline: w('Chưa nối được tới trung tâm, nên chưa gửi được báo cáo.', 'There is no connection to the centre, so the report was not sent.'),
    owes: w('Còn hồ sơ nộp ở máy này chưa có biên nhận. Chờ gửi xong rồi hoàn tác.', 'Dossiers filed here have no receipt yet. Wait until they are sent.'),
    'undo-late': w('Ghi danh đã quá một ngày. Gọi trung tâm để chuyển máy.', 'The enrolment is more than a day old. Call the centre.'),
    'sign-in': w('Mời nhập lại mã kỹ thuật.', 'Please enter the code again.'),
  }
  return words[code] ?? `${w('Chưa làm được.', 'It could not be done.')} ${detail}`
}
