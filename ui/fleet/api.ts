/** The centre's API: types as provisioning/api*.go has them, one way to ask, and the words of its refusals. */
import type { Diagnosis } from '../shared/diagnosis'
import { staff } from '../shared/staff.svelte'
import type { Text } from '../shared/wire.gen'

export type Colour = 'red' | 'yellow' | 'green' | 'grey' | 'waiting' | 'revoked'
export const colours: Colour[] = ['red', 'yellow', 'green', 'grey', 'waiting', 'revoked']
export type Role = 'viewer' | 'operator' | 'admin'
export interface Person { name: string; role: Role; units: string[]; totp: boolean; disabled: boolean; locked?: string; last_seen?: string }
export interface Me { person: Person; set_up_totp: boolean }
export interface Trouble { code: string; severity: string; since: string; who: 'site' | 'technician' | 'centre'; text: Text; step: Text; detail?: string }
export interface Kiosk { id: string; unit: string; unit_name: string; site: string; colour: Colour; open: boolean; seen: string | null; troubles: Trouble[] }
export interface Cause { code: string; severity: string; who: Trouble['who']; text: Text; step: Text; since: string; kiosks: number; sites: number; some: string[] }
export interface UnitLine { code: string; name: string; sites: number; colours: Partial<Record<Colour, number>> }
export interface Flow { gateway: boolean; waiting: number; oldest: string | null; accepted: number; refused: number; quarantined: number }
export interface Overview { rev: number; at: string; colours: Partial<Record<Colour, number>>; causes: Cause[]; worst: Kiosk[]; units: UnitLine[]; flow: Flow | null; alerts: number }
export interface Ticket { line?: number; kiosk?: string; unit?: string; site?: string; code?: string; qr?: string; expires?: string; error?: string; detail?: string }
export interface Alert { id: string; unit_name?: string; site?: string; severity: string; conditions: Pick<Trouble, 'code' | 'who' | 'text' | 'step'>[]; kiosks: string[]; raised: string; resolved?: string; acked?: { by: string; note?: string; at: string } }
export interface Held { kiosk: string; receipt: string; reason: string; at: string; trying: boolean }
export interface Step { at: string; what: string; code?: string; status?: number; detail?: string }
export interface Life { record: { receipt: { receipt: string; kiosk: string; outcome: string; code: string; status: number }; procedure?: string; grade?: string; notes?: string[]; life: Step[] | null }; unit_name: string; site: string }
export interface Deed { at: string; who: string; from?: string; what: string; target?: string; unit?: string; result: string; detail?: string }
export interface ReportLine { key: string; name: string; received: number; accepted: number; refused: number; quarantined: number; processed: number; peak_day: string; peak_count: number }

export interface Visits { visits: number; reads: number; read_ms: number; failed: number; done: number; done_ms: number; tickets: number; dossiers: number; abandoned: number; not_saved: number }
export interface VisitLine extends Visits { key: string; name: string }
export interface Hour { at: string; visits: number; done: number; failed: number }
export interface Lately { hours: Hour[]; changes: { at: string; kind: string; code?: string; detail?: string; text: Text | null }[]; days: VisitLine[] }

export interface KioskPage { kiosk: Kiosk; added: string; enrolled: string | null; revoked: string | null; machines: number; hardware: Record<string, string> | null; config: string; readiness: Diagnosis | null; word: Word }
export interface Tried { kiosks: number; first: string; before: string; after: string }
export interface Word { notice: Text | null; locked: boolean }
export interface Catalogue { hash: string; name: string; by: string; at: string; procedures: number; kiosks: number }
export interface Rollout { id: string; by: string; at: string; change: string; catalogue: string; word: Word | null; kiosks: number; done: number; waits: number; state: 'running' | 'finished' | 'halted' | 'stopped'; why?: string; changed: string | null }
export interface UnitName { code: string; name: string }
const ranks: Role[] = ['viewer', 'operator', 'admin']
/** Whether somebody's role is at least this one; the centre decides, this only hides what it would refuse. */
export const may = (p: Person, least: Role): boolean => ranks.indexOf(p.role) >= ranks.indexOf(least)

/** A refusal of the centre, by its code. */
export class Refused extends Error {
  constructor(public code: string, public detail = '') {
    super(code)
  }
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(`/api/${path}`, { method, headers: body === undefined ? {} : { 'Content-Type': body instanceof Blob ? 'application/zip' : 'application/json' }, body: body === undefined || body instanceof Blob ? body : JSON.stringify(body) })
  } catch {
    throw new Refused('unreachable')
  }
  const said: unknown = await answer.json().catch(() => ({}))
  if (answer.ok) return said as T
  const { error = 'busy', detail = '' } = said as { error?: string; detail?: string }
  throw new Refused(error, detail)
}

const { w } = staff

/** What a refusal says to people. */
export function why(e: unknown): string {
  const code = e instanceof Refused ? e.code : 'busy'
  const words: Record<string, string> = {
    'config-wrong': w('Cấu hình chưa đúng:', 'The configuration is wrong:'),
    'not-running': w('Đợt thay đổi này đã kết thúc.', 'This rollout has ended.'),
    'kiosk-silent': w('Máy không trả lời. Nó có điện và có mạng không?', 'The kiosk does not answer. Has it power and network?'),
    'kiosk-visit': w('Đang có người dùng máy. Thử lại sau.', 'Somebody is using the kiosk. Try again later.'),
    'kiosk-paper': w('Giấy chưa ra.', 'The paper did not come out.'),
    'kiosk-unknown': w('Máy này chưa biết lệnh đó: phần mềm cũ.', 'This kiosk does not know the command: its software is older.'),
    'kiosk-failed': w('Máy không làm được.', 'The kiosk could not do it.'),
    unreachable: w('Không nối được tới trung tâm. Kiểm tra mạng rồi thử lại.', 'The centre cannot be reached. Check the network and try again.'),
    wrong: w('Tên, mật khẩu hoặc mã chưa đúng.', 'Name, password or code is wrong.'),
    locked: w('Sai nhiều lần quá. Mời chờ vài phút.', 'Too many wrong tries. Please wait some minutes.'),
    'weak-password': w('Mật khẩu cần từ 12 ký tự và không chứa tên đăng nhập.', 'A password has at least 12 characters and does not hold the name.'),
    'name-taken': w('Đã có người dùng tên này.', 'The name is taken.'),
    'last-admin': w('Đây là quản trị cuối cùng của cả thành phố.', 'This is the last admin of the whole city.'),
    'not-there': w('Không tìm thấy, hoặc không thuộc đơn vị của bạn.', 'Not found, or not of your units.'),
    forbidden: w('Vai trò hoặc đơn vị của bạn không cho phép việc này.', 'Your role or units do not allow this.'),
    'bad-input': w('Có chỗ nhập chưa đúng.', 'Some input is not right.'),
    'unit-unknown': w('Không có đơn vị nào mang mã này trong danh mục.', 'The catalogue has no unit with this code.'),
    'profile-unknown': w('Loại điểm là reception, residential hoặc mobile.', 'A profile is reception, residential or mobile.'),
    'hours-wrong': w('Giờ mở cửa chưa đúng; viết như “mon-fri 08:00-11:30 13:30-17:00; sat 08:00-11:30”.', 'The opening hours are not right; write them like “mon-fri 08:00-11:30 13:30-17:00; sat 08:00-11:30”.'),
    'catalogue-wrong': w('Máy không dùng được danh mục này.', 'No kiosk could go by this catalogue.'),
    'too-large': w('Dữ liệu quá lớn.', 'Too much data.'),
    'sign-in': w('Phiên làm việc đã hết. Mời đăng nhập lại.', 'Your session has ended. Please sign in again.'),
  }
  const text = words[code] ?? w('Trung tâm đang bận. Mời thử lại.', 'The centre is busy. Please try again.')
  return e instanceof Refused && ['bad-input', 'config-wrong', 'catalogue-wrong'].includes(e.code) && e.detail ? `${text} (${e.detail})` : text
}
