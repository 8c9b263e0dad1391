/**
 * Every screen with the longest texts it has to hold, for pictures and for the
 * tests that measure. Invented people only.
 * @import { View, Text } from '../shared/wire.gen'
 */

/** @type {(vi: string, en?: string) => Text} */
const t = (vi, en = '') => ({ vi, en })
const none = t('')
/** @param {string} body */
const picture = (body) => `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 40">${body}</svg>`)}`
const qr = picture('<rect width="30" height="40" fill="#fff"/><path d="M3 8h7v7H3zM20 8h7v7h-7zM3 25h7v7H3zM13 9h3v3h-3zM13 16h3v3h-3zM18 20h4v4h-4zM24 27h3v5h-3zM14 26h4v4h-4z"/>').replace('0%200%2030%2040', '0%205%2030%2030')
const portrait = picture('<rect width="30" height="40" fill="#cfe0ea"/><circle cx="15" cy="16" r="7" fill="#b98"/><path d="M3 40c0-9 6-13 12-13s12 4 12 13z" fill="#357"/>')

/** @type {View} */
const base = {
  rev: 1, screen: 1, name: '', visit: 'mock',
  comfort: { lang: 'vi', size: 'm', contrast: 'light', reach: false },
  site: { unit: 'UBND phường Ba Đình', name: 'Điểm hỗ trợ dịch vụ công số 2', phone: '024 3845 0000', training: false },
  actions: [], devices: { reader: 'ready', card: false, printer: 'ready', link: 'up' },
}
const an = { title: 'anh', given: 'An' }
const print = { state: '' }
/** @param {Partial<View>} v @returns {View} */
const view = (v) => ({ ...base, ...v, name: v.name ?? '' })
/** @param {number} now */
const six = (now) => ({ now, of: 6 })

const services = [
  ['ho-tich', 'A', 'Hộ tịch', 'Births, marriages, deaths', 'Khai sinh, khai tử, kết hôn, trích lục', 'family', 4],
  ['cu-tru', 'B', 'Cư trú', 'Residence', 'Thường trú, tạm trú, xác nhận cư trú', 'home', 0],
  ['can-cuoc', 'C', 'Căn cước, hộ chiếu', 'ID card, passport', 'Đổi, làm lại thẻ căn cước; hộ chiếu; lý lịch tư pháp', 'id-card', 12],
  ['chung-thuc', 'D', 'Chứng thực', 'Certified copies', 'Sao y bản chính giấy tờ', 'stamp', 1],
  ['dat-dai', 'E', 'Đất đai', 'Land', 'Sổ đỏ lần đầu, sang tên, biến động', 'land', 7],
  ['bao-hiem-thue', 'G', 'Bảo hiểm, việc làm, thuế', 'Insurance, work, tax', 'Thẻ bảo hiểm y tế, trợ cấp thất nghiệp, mã số thuế', 'shield', 0],
  ['giao-thong', 'H', 'Xe và giao thông', 'Vehicles and traffic', 'Đăng ký xe, giấy phép lái xe, nộp phạt', 'road', 3],
  ['khac', 'K', 'Việc khác', 'Other matters', 'Điện, con dấu, thi cử, hoặc chưa biết chọn gì', 'more', 0],
].map(([code, letter, vi, en, hint, icon, ahead]) => ({ code: String(code), letter: String(letter), name: t(String(vi), String(en)), hint: t(String(hint), 'For example: records, copies and confirmations'), icon: String(icon), ahead: Number(ahead) }))

const procedures = [
  ['1.001193', 'Đăng ký khai sinh', 'Thủ tục đăng ký khai sinh', true],
  ['3.000722', 'Khai sinh, thường trú và thẻ bảo hiểm y tế cho trẻ, làm một lần', 'Liên thông thủ tục hành chính về đăng ký khai sinh, đăng ký thường trú, cấp thẻ bảo hiểm y tế cho trẻ em dưới 6 tuổi', false],
  ['1.000656', 'Đăng ký khai tử', 'Thủ tục đăng ký khai tử', false],
  ['1.000894', 'Đăng ký kết hôn', 'Thủ tục đăng ký kết hôn', false],
  ['1.004873', 'Xác nhận tình trạng hôn nhân', 'Thủ tục cấp Giấy xác nhận tình trạng hôn nhân', false],
  ['2.000635', 'Cấp bản sao trích lục hộ tịch', 'Cấp bản sao Trích lục hộ tịch, bản sao Giấy khai sinh', false],
  ['2.002913', 'Khai tử, xóa thường trú và mai táng phí, làm một lần', 'Liên thông đăng ký khai tử, xóa đăng ký thường trú, giải quyết mai táng phí, tử tuất', false],
  ['1.010041', 'Xác nhận thông tin về cư trú', 'Xác nhận thông tin về cư trú', true],
  ['1.004222', 'Đăng ký thường trú', 'Đăng ký thường trú', false],
  ['1.004194', 'Đăng ký tạm trú', 'Đăng ký tạm trú', false],
  ['1.010038', 'Tách hộ', 'Tách hộ', false],
].map(([code, name, official, files]) => ({ code: String(code), name: t(String(name), 'Register a birth'), official: String(official), files: Boolean(files) }))

const steps = (/** @type {Partial<View>} */ v, /** @type {number} */ now) => view({ steps: six(now), who: an, ...v })
const wards = ['Ba Đình', 'Bạch Mai', 'Bồ Đề', 'Cầu Giấy', 'Chương Mỹ', 'Cửa Nam', 'Đại Mỗ', 'Định Công', 'Đông Ngạc', 'Đống Đa', 'Giảng Võ', 'Hà Đông', 'Hai Bà Trưng', 'Hoàn Kiếm', 'Hoàng Mai', 'Hồng Hà', 'Khương Đình', 'Kiến Hưng', 'Kim Liên', 'Láng', 'Lĩnh Nam', 'Long Biên', 'Nghĩa Đô', 'Ngọc Hà', 'Ô Chợ Dừa', 'Phú Diễn', 'Phúc Lợi', 'Tây Hồ', 'Thanh Xuân', 'Từ Liêm', 'Văn Miếu - Quốc Tử Giám', 'Vĩnh Tuy', 'Yên Hòa', 'Xuân Phương']

const question = (/** @type {Partial<NonNullable<View['question']>>} */ q) =>
  steps({
    name: 'question', actions: ['next', 'back', 'restart', 'help'],
    question: { procedure: t('Đăng ký khai sinh', 'Register a birth'), section: 'child', sectionName: t('Trẻ được khai sinh', 'The child'), index: 4, of: 21, name: 'nksHoTen', label: t('Họ, chữ đệm, tên của cháu là gì?', 'What is the child’s full name?'), hint: t('Viết đầy đủ, có dấu, như sẽ ghi trong giấy khai sinh.', 'In full, with accents, as the certificate will have it.'), type: 'name', required: true, value: '', skip: none, maxLength: 100, partial: false, ...q },
  }, 4)

/** @type {Record<string, View>} */
export const views = {
  attract: view({ name: 'attract', visit: '', actions: ['start', 'quick-ticket', 'lookup', 'no-card', 'help'], attract: { tickets: true, whyNot: '', filing: true } }),
  'attract-closed': view({ name: 'attract', visit: '', actions: ['start', 'lookup', 'no-card', 'help'], attract: { tickets: false, whyNot: 'closed', filing: true } }),
  'read-card': view({ name: 'read-card', steps: six(1), actions: ['back', 'no-card', 'help'], readCard: { state: 'lay', tries: 3 } }),
  'read-card-wait': view({ name: 'read-card', steps: six(1), actions: ['back', 'no-card', 'help'], readCard: { state: 'wait-key', tries: 3 }, notice: { code: 'qr-other-card', kind: 'warn' } }),
  'read-card-unreadable': view({ name: 'read-card', steps: six(1), actions: ['back', 'no-card', 'help'], readCard: { state: 'unreadable', tries: 3 } }),
  'read-card-digits': view({ name: 'read-card', steps: six(1), actions: ['next', 'back', 'no-card', 'help'], readCard: { state: 'ask-digits', tries: 3 } }),
  'read-card-wrong': view({ name: 'read-card', steps: six(1), actions: ['next', 'back', 'no-card', 'help'], readCard: { state: 'wrong-digits', tries: 2 } }),
  reading: view({ name: 'reading', steps: six(1), actions: ['restart'], reading: { stage: 'portrait', percent: 62 } }),
  identity: steps({
    name: 'identity', actions: ['next', 'not-me', 'restart', 'help'],
    identity: {
      portrait, labels: '2021', verdict: { words: 'verdict-anchored', filing: true },
      facts: [
        { name: 'personName', value: 'Nguyễn Văn An', source: 'chip' }, { name: 'idCode', value: '0010••••••45', source: 'chip' }, { name: 'dateOfBirth', value: '20/05/1999', source: 'chip' },
        { name: 'gender', value: 'Nam', source: 'chip' }, { name: 'residencePlace', value: 'Số 1, phố Châu Long, phường Trúc Bạch, quận Ba Đình, thành phố Hà Nội', source: 'chip' },
      ],
    },
  }, 1),
  'identity-doubt': steps({
    name: 'identity', actions: ['next', 'not-me', 'restart', 'help'], who: { title: 'bà', given: 'Bình' },
    identity: {
      portrait: '', labels: '2024', verdict: { words: 'verdict-failed', filing: false, whyNot: 'not-verified', expired: true },
      facts: [
        { name: 'personName', value: 'Trần Thị Bình Nguyên Hương Giang', source: 'chip' }, { name: 'idCode', value: '0011••••••67', source: 'chip' }, { name: 'dateOfBirth', value: '01/01/1944', source: 'chip' },
        { name: 'gender', value: 'Nữ', source: 'chip' }, { name: 'residencePlace', value: 'Căn hộ 1203, tòa nhà B2, khu đô thị mới Việt Hưng, tổ dân phố số 17, phường Giang Biên, quận Long Biên, thành phố Hà Nội', source: 'chip' },
      ],
    },
  }, 1),
  menu: steps({ name: 'menu', actions: ['ticket', 'file', 'lookup', 'back', 'end', 'help'], menu: { tickets: true, waiting: 4, filing: true } }, 2),
  'menu-no-card': view({ name: 'menu', steps: six(2), actions: ['ticket', 'checklist', 'lookup', 'end', 'help'], menu: { tickets: true, waiting: 0, filing: false, whyNot: 'no-card' } }),
  'services-ticket': view({ name: 'services', steps: { now: 1, of: 2 }, actions: ['back', 'restart', 'help'], services: { for: 'ticket', items: services } }),
  'services-no-paper': view({ name: 'services', steps: { now: 1, of: 2 }, actions: ['back', 'restart', 'help'], services: { for: 'ticket', items: services, noPaper: 'printer' } }),
  'services-file': steps({ name: 'services', actions: ['back', 'restart', 'help'], services: { for: 'file', items: services } }, 3),
  procedures: steps({ name: 'procedures', actions: ['back', 'restart', 'help'], procedures: { service: t('Hộ tịch', 'Births, marriages, deaths'), query: '', items: procedures } }, 3),
  'procedures-search': steps({ name: 'procedures', actions: ['back', 'restart', 'help'], procedures: { query: 'khai', items: procedures.slice(0, 5) } }, 3),
  'procedures-none': steps({ name: 'procedures', actions: ['back', 'restart', 'help'], procedures: { query: 'xyz', items: [] } }, 3),
  procedure: steps({
    name: 'procedure', actions: ['next', 'print', 'back', 'restart', 'help'],
    procedure: {
      code: '1.001193', name: t('Đăng ký khai sinh', 'Register a birth'), official: 'Thủ tục đăng ký khai sinh', authority: t('UBND phường Ba Đình', 'People’s Committee of Ba Đình ward'), fee: t('Miễn phí nếu đăng ký đúng hạn (60 ngày từ ngày sinh)', 'Free within 60 days of birth'), time: t('Ngay trong ngày; sau 15 giờ thì ngày làm việc tiếp theo', 'The same day; after 15:00 the next working day'), channel: 'direct',
      papers: [t('Giấy chứng sinh', 'Birth notice of the hospital'), t('Giấy chứng nhận kết hôn của cha mẹ (nếu có)', 'The parents’ marriage certificate, if any'), t('Văn bản ủy quyền (nếu người đi khai không phải cha, mẹ)', 'Power of attorney, if not a parent')],
      notes: [t('Khai trong 60 ngày từ ngày sinh.', 'Register within 60 days of birth.')], files: true, print, offer: [procedures[1]],
    },
  }, 3),
  'procedure-list': view({
    name: 'procedure', steps: six(3), actions: ['ticket', 'print', 'back', 'restart', 'help'],
    procedure: {
      code: '1.000656', name: t('Đăng ký khai tử', 'Register a death'), official: 'Thủ tục đăng ký khai tử', authority: t('UBND phường Ba Đình', 'People’s Committee of Ba Đình ward'), fee: none, time: none, channel: 'direct',
      papers: [t('Giấy báo tử hoặc giấy tờ thay giấy báo tử', 'Death notice'), t('Giấy tờ chứng minh nơi cư trú cuối cùng của người đã mất', 'Proof of last residence'), t('Văn bản ủy quyền', 'Power of attorney')],
      notes: [t('Đăng ký trong 15 ngày từ ngày có người mất.', 'Within 15 days.'), t('Vợ, chồng, con, cha, mẹ hoặc người thân thích đi khai.', 'By a relative.')], files: false, whyNot: 'no-form', mourning: true, print: { state: 'unknown' },
    },
  }),
  case: steps({
    name: 'case', actions: ['next', 'back', 'restart', 'help'],
    case: {
      procedure: t('Đăng ký khai sinh', 'Register a birth'), chosen: '1.001193.01', items: [
        { code: '1.001193.01', name: t('Có giấy chứng sinh, khai đúng hạn', 'With a birth notice, in time'), hint: t('Trong 60 ngày từ ngày sinh', 'Within 60 days'), time: t('Ngay trong ngày', 'The same day'), fee: t('Miễn phí', 'Free') },
        { code: '1.001193.02', name: t('Trẻ sinh ra nhờ mang thai hộ', 'Born by surrogacy'), hint: t('Có văn bản xác nhận của bệnh viện', 'With the hospital’s confirmation'), time: t('Ngay trong ngày', 'The same day'), fee: t('Miễn phí', 'Free') },
        { code: '1.001193.03', name: t('Khai quá hạn', 'Late registration'), hint: t('Sau 60 ngày', 'After 60 days'), time: t('Ngay trong ngày', 'The same day'), fee: t('Theo nghị quyết của Hội đồng nhân dân', 'As the council decided') },
      ],
    },
  }, 3),
  'question-name': question({ value: 'Nguyễn Minh Khôi', source: 'typed' }),
  'question-error': question({ error: { code: 'answer-name-digits', kind: 'warn' }, value: 'Nguyễn 2' }),
  'question-text': question({ name: 'nksQueQuan', type: 'text', label: t('Quê quán của cháu ở đâu?', 'Where is the child’s family from?'), hint: t('Theo quê cha hoặc quê mẹ, như cha mẹ thỏa thuận.', 'The father’s or the mother’s place, as the parents agree.'), value: 'Xã Phù Đổng, huyện Gia Lâm, thành phố Hà Nội', source: 'chip' }),
  'question-date': question({ name: 'nksNgaySinh', type: 'date', label: t('Cháu sinh ngày nào?', 'When was the child born?'), hint: t('Chép đúng như trong giấy chứng sinh.', 'As on the birth notice.'), value: '20/05/2026' }),
  'question-date-error': question({ name: 'nksNgaySinh', type: 'date', label: t('Cháu sinh ngày nào?', 'When was the child born?'), hint: t('Chép đúng như trong giấy chứng sinh.', 'As on the birth notice.'), value: '30/02/2026', error: { code: 'answer-date-late', kind: 'warn', args: { limit: '23/11/2026' } } }),
  'question-phone': question({ name: 'nycSoDienThoai', type: 'phone', required: false, label: t('Số điện thoại của anh?', 'Your phone number?'), hint: t('Để nhận tin về hồ sơ này.', 'To hear about this dossier.'), skip: t('Không có số thì không nhận được tin nhắn; vẫn xem được bằng mã trên phiếu.', 'Without one you get no messages; the slip’s code still works.') }),
  'question-email': question({ name: 'nycEmail', type: 'email', required: false, label: t('Thư điện tử của anh?', 'Your e-mail address?'), hint: none, skip: t('Có thể bỏ trống.', 'May be left empty.') }),
  'question-choice': question({ name: 'nksGioiTinh', type: 'choice', label: t('Cháu là trai hay gái?', 'Is the child a boy or a girl?'), hint: t('Như trong giấy chứng sinh.', 'As on the birth notice.'), options: [{ value: 'nam', label: t('Trai (nam)', 'Boy (male)') }, { value: 'nu', label: t('Gái (nữ)', 'Girl (female)') }], value: 'nam' }),
  'question-many': question({ name: 'nksDanToc', type: 'choice', label: t('Dân tộc của cháu?', 'The child’s ethnicity?'), hint: t('Theo cha hoặc mẹ.', 'The father’s or the mother’s.'), options: ['Kinh', 'Tày', 'Thái', 'Mường', 'Khmer', 'Hoa', 'Nùng', 'Mông', 'Dao', 'Gia Rai', 'Ê Đê', 'Ba Na', 'Sán Chay', 'Chăm', 'Cơ Ho', 'Xơ Đăng', 'Sán Dìu', 'Hrê', 'Ra Glai', 'Mnông'].map((n, i) => ({ value: `dt${i}`, label: t(n, n) })), value: 'dt0', source: 'chip' }),
  'question-yesno': question({ name: 'chaMeKetHon', type: 'yesno', label: t('Cha mẹ cháu đã đăng ký kết hôn chưa?', 'Are the parents married?'), hint: t('Nếu có, sẽ hỏi số giấy chứng nhận kết hôn.', 'If so, the certificate’s number is asked.'), options: [{ value: 'yes', label: t('Có', 'Yes') }, { value: 'no', label: t('Không', 'No') }] }),
  'question-unit': question({ name: 'nycDonVi', type: 'unit', label: t('Gia đình cháu ở phường, xã nào?', 'Which ward or commune does the family live in?'), hint: t('Tên mới từ 01/07/2025.', 'Its name since 1 July 2025.'), options: wards.map((n, i) => ({ value: String(10000 + i), label: t(`Phường ${n}`, `Phường ${n}`) })), value: '' }),
  'question-unit-chosen': question({ name: 'nycDonVi', type: 'unit', label: t('Gia đình cháu ở phường, xã nào?', 'Which ward or commune does the family live in?'), hint: t('Tên mới từ 01/07/2025.', 'Its name since 1 July 2025.'), options: wards.map((n, i) => ({ value: String(10000 + i), label: t(`Phường ${n}`, `Phường ${n}`) })), value: '10000', source: 'chip' }),
  papers: steps({
    name: 'papers', actions: ['next', 'back', 'restart', 'help'],
    papers: {
      items: [
        { code: '000.00.00.G15-KQ000001', name: t('Giấy chứng sinh', 'Birth notice'), hint: t('Bệnh viện cấp khi sinh', 'Given by the hospital'), optional: false, ecert: t('Số giấy chứng sinh điện tử', 'Number of the electronic notice'), how: 'e-certificate', number: '2026-01234' },
        { code: '000.00.00.G15-KQ000002', name: t('Văn bản xác nhận của người làm chứng về việc sinh', 'A witness’s statement'), hint: t('Khi không có giấy chứng sinh', 'When there is no notice'), group: 'birth', optional: true, how: '', number: '' },
        { code: '000.00.00.G15-KQ000003', name: t('Văn bản ủy quyền', 'Power of attorney'), hint: t('Khi người đi khai không phải cha, mẹ, ông, bà', 'If not a parent or grandparent'), optional: true, how: 'counter', number: '' },
      ],
    },
  }, 5),
  'papers-error': steps({
    name: 'papers', actions: ['next', 'back', 'restart', 'help'],
    papers: {
      error: { code: 'paper', kind: 'warn' },
      items: [
        { code: 'a', name: t('Giấy chứng sinh', 'Birth notice'), hint: none, optional: false, ecert: t('Số giấy chứng sinh điện tử', 'Number of the electronic notice'), how: 'e-certificate', number: '1', error: 'ecert' },
        { code: 'b', name: t('Giấy chứng nhận kết hôn', 'Marriage certificate'), hint: none, optional: false, how: '', number: '', error: 'paper' },
      ],
    },
  }, 5),
  consent: steps({
    name: 'consent', actions: ['next', 'back', 'restart', 'help'],
    consent: {
      error: { code: 'consent', kind: 'warn' },
      purposes: [
        { code: 'process', required: true, given: false, text: t('Tôi đồng ý cho cơ quan nhận hồ sơ dùng thông tin đọc từ thẻ và thông tin tôi vừa khai để giải quyết thủ tục này.', 'I agree that the receiving authority uses what was read from my card and what I have just declared to handle this procedure.'), consequence: t('Nếu không đồng ý, máy không gửi được hồ sơ. Vẫn có thể lấy số và nộp hồ sơ tại quầy.', 'Without this the kiosk cannot send the application. You can still take a number.') },
        { code: 'contact', required: false, given: true, text: t('Tôi đồng ý nhận tin báo về hồ sơ này qua số điện thoại hoặc email tôi đã ghi.', 'I agree to be told about this application by the phone number or e-mail I gave.'), consequence: t('Nếu không đồng ý, xin giữ phiếu để tự xem hồ sơ đến đâu bằng mã trên phiếu.', 'Without this, please keep the slip and check with the code on it.') },
      ],
    },
  }, 5),
  review: steps({
    name: 'review', actions: ['confirm', 'back', 'restart', 'help'],
    review: {
      procedure: t('Đăng ký khai sinh', 'Register a birth'), sections: [
        { code: 'requester', facts: [{ name: 'personName', value: 'Nguyễn Văn An', source: 'chip' }, { name: 'dateOfBirth', value: '20/05/1999', source: 'chip' }, { name: 'idCode', value: '0010••••••45', source: 'chip' }, { name: 'residencePlace', value: 'Số 1, phố Châu Long, phường Trúc Bạch, quận Ba Đình, thành phố Hà Nội', source: 'chip' }] },
        { code: 'case', facts: [{ name: 'case', value: '', text: t('Có giấy chứng sinh, khai đúng hạn', 'With a birth notice, in time'), edit: 'case' }] },
        { code: 'child', name: t('Trẻ được khai sinh', 'The child'), facts: [{ name: 'nksHoTen', label: t('Họ và tên', 'Full name'), value: 'Nguyễn Minh Khôi', edit: 'nksHoTen', source: 'typed' }, { name: 'nksNgaySinh', label: t('Ngày sinh', 'Date of birth'), value: '20/05/2026', edit: 'nksNgaySinh', source: 'typed' }, { name: 'nksNgaySinhBangChu', label: t('Ngày sinh bằng chữ', 'Date of birth in words'), value: 'Ngày hai mươi tháng năm năm hai nghìn không trăm hai mươi sáu', source: 'derived' }, { name: 'nksGioiTinh', label: t('Giới tính', 'Sex'), value: 'nam', text: t('Trai (nam)', 'Boy (male)'), edit: 'nksGioiTinh' }, { name: 'nksQueQuan', label: t('Quê quán', 'Place of origin'), value: 'Xã Phù Đổng, huyện Gia Lâm, Hà Nội', edit: 'nksQueQuan', source: 'copied' }] },
        { code: 'mother', name: t('Mẹ', 'Mother'), facts: [{ name: 'meHoTen', label: t('Họ và tên mẹ', 'Mother’s name'), value: 'Trần Thị Bình', edit: 'meHoTen', source: 'typed' }, { name: 'meEmail', label: t('Thư điện tử', 'E-mail'), value: '', edit: 'meEmail', source: 'typed' }] },
        { code: 'papers', facts: [{ name: 'KQ1', label: t('Giấy chứng sinh', 'Birth notice'), value: '2026-01234', edit: 'papers' }] },
        { code: 'consents', facts: [{ name: 'process', label: t('Tôi đồng ý cho cơ quan nhận hồ sơ dùng thông tin đọc từ thẻ và thông tin tôi vừa khai để giải quyết thủ tục này.', 'I agree that the receiving authority uses what was read from my card.'), value: 'yes', text: t('Có', 'Yes'), edit: 'consent' }] },
      ],
    },
  }, 5),
  'receipt-recording': steps({ name: 'receipt', actions: [], receipt: { number: 'K7QD-3M9X-V2TA', code: '', state: 'recording', status: 0, procedure: t('Đăng ký khai sinh', 'Register a birth'), authority: t('UBND phường Ba Đình', 'Ba Đình ward'), next: [], qr: '', print } }, 6),
  'receipt-sent': steps({
    name: 'receipt', actions: ['reprint', 'end', 'help'],
    receipt: { number: 'K7QD-3M9X-V2TA', code: '000.00.06.H26-261123-0361', state: 'sent', status: 1, procedure: t('Đăng ký khai sinh', 'Register a birth'), authority: t('UBND phường Ba Đình', 'Ba Đình ward'), bring: [t('Giấy chứng sinh, bản chính', 'Birth notice, the original'), t('Giấy chứng nhận kết hôn, bản chính', 'Marriage certificate, the original')], next: [t('Cán bộ xem hồ sơ từ 8:00 Thứ Ba 24/11/2026.', 'An officer looks at it from 8:00 on Tuesday 24/11/2026.'), t('Nếu sau 1 ngày làm việc chưa có mã hồ sơ, mời gọi 024 3845 0000 hoặc mang phiếu này đến UBND phường Ba Đình.', 'If there is no code after 1 working day, call 024 3845 0000.')], qr, print: { state: 'printed' } },
  }, 6),
  'receipt-refused': steps({
    name: 'receipt', actions: ['reprint', 'end', 'help'],
    receipt: { number: 'K7QD-3M9X-V2TA', code: '', state: 'refused', status: 3, reason: 'Hồ sơ thiếu giấy chứng sinh bản chính; nơi cư trú của người đi khai không thuộc phường Ba Đình.', procedure: t('Đăng ký khai sinh', 'Register a birth'), authority: t('UBND phường Ba Đình', 'Ba Đình ward'), bring: [t('Giấy chứng sinh, bản chính', 'Birth notice, the original')], next: [t('Cán bộ xem hồ sơ từ 8:00 Thứ Ba 24/11/2026.', 'An officer looks at it from 8:00 on Tuesday 24/11/2026.')], qr, print: { state: 'unavailable', why: 'offline' } },
  }, 6),
  'receipt-kept': steps({
    name: 'receipt', actions: ['printed-yes', 'printed-no', 'reprint', 'end', 'help'], devices: { reader: 'ready', card: true, printer: 'ready', link: 'down' },
    receipt: { number: 'K7QD-3M9X-V2TA', code: '', state: 'kept', status: 0, procedure: t('Đăng ký khai tử', 'Register a death'), authority: t('Công an phường Ba Đình', 'Police of Ba Đình ward'), next: [t('Cán bộ xem hồ sơ từ 8:00 Thứ Ba 24/11/2026.', 'An officer looks at it from 8:00 on Tuesday 24/11/2026.')], qr, print: { state: 'unknown' }, mourning: true },
  }, 6),
  ticket: view({ name: 'ticket', steps: { now: 2, of: 2 }, actions: ['reprint', 'end', 'help'], ticket: { number: 'A012', service: t('Hộ tịch', 'Births, marriages, deaths'), ahead: 4, minutes: 12, qr, print: { state: 'printed' } } }),
  'ticket-no-paper': view({ name: 'ticket', who: an, steps: { now: 2, of: 2 }, actions: ['printed-yes', 'printed-no', 'end', 'help'], ticket: { number: 'G103', service: t('Bảo hiểm, việc làm, thuế', 'Insurance, work, tax'), ahead: 0, minutes: 0, qr, print: { state: 'unavailable', why: 'paper-out' } } }),
  lookup: view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'ask' } }),
  'lookup-wrong': view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'not-a-number' } }),
  'lookup-found': view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'found', number: 'K7QD-3M9X-V2TA', code: '000.00.06.H26-261123-0361', status: 5 } }),
  'lookup-ticket': view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'ticket-waiting', number: 'A012', ahead: 3 } }),
  'lookup-called': view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'ticket-called', number: 'A012', counter: '2' } }),
  'lookup-not-ours': view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'not-ours' } }),
  'lookup-accepted': view({ name: 'lookup', actions: ['next', 'print', 'back', 'restart', 'help'], lookup: { state: 'found', number: 'K7QD-3M9X-V2TA', code: '000.00.06.H26-261123-0361', status: 2, received: '23/11/2026', due: '30/11/2026', print: { state: 'printed' } } }),
  'lookup-kept': view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'found', number: 'K7QD-3M9X-V2TA', kept: true } }),
  'lookup-refused': view({ name: 'lookup', actions: ['next', 'back', 'restart', 'help'], lookup: { state: 'found', code: '000.00.06.H26-261123-0361', status: 3 } }),
  help: view({ name: 'help', actions: ['back'], help: { topic: 'question' } }),
  'take-card': view({ name: 'take-card', visit: '', actions: [], takeCard: { left: false } }),
  'take-card-left': view({ name: 'take-card', visit: '', actions: ['quick-ticket'], takeCard: { left: true } }),
  sorry: view({ name: 'sorry', actions: ['retry', 'ticket', 'no-card', 'end', 'help'], sorry: { code: 'card-broken' } }),
  'sorry-not-saved': view({ name: 'sorry', who: an, actions: ['retry', 'ticket', 'end', 'help'], sorry: { code: 'not-saved' } }),
  'out-of-service': view({ name: 'out-of-service', visit: '', actions: [], outOfService: { reasons: ['config-invalid', 'reader-missing'] } }),
}
for (const [i, v] of Object.values(views).entries()) v.screen = i + 1
views['ask-restart'] = { ...views['question-name'], actions: ['restart-yes', 'restart-no'], ask: { code: 'restart' } }
views['ask-card-removed'] = { ...views.review, actions: ['end'], ask: { code: 'card-removed' }, idle: { seconds: 27 } }
views.idle = { ...views['question-choice'], idle: { seconds: 28 } }
views['attract-lost'] = { ...views.attract, screen: 901, notice: { code: 'visit-lost', kind: 'warn' } }
views['question-twelve'] = { ...question({ name: 'meSoDinhDanh', type: 'digits', maxLength: 12, label: t('Số định danh của mẹ?', 'The mother’s identity number?'), hint: t('12 số trên thẻ căn cước.', '12 digits on the ID card.'), value: '00119900', error: { code: 'answer-pattern', kind: 'warn' } }), screen: 902 }
views['procedure-unknown'] = view({
  ...views['procedure-list'], screen: 903, actions: ['ticket', 'print', 'back', 'restart', 'help'],
  procedure: { .../** @type {NonNullable<View['procedure']>} */ (views['procedure-list'].procedure), papers: [], notes: [], print: { state: 'unavailable', why: 'offline' } },
})
views['papers-other-error'] = { ...views.papers, screen: 905, papers: { ...views.papers.papers, items: views.papers.papers?.items ?? [], error: { code: 'paper', kind: 'warn' } } }
views.training = { ...views.menu, site: { ...base.site, training: true } }
views.reach = { ...views.menu, comfort: { ...base.comfort, reach: true } }
