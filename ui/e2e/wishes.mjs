/** What people come for in these tests, and what they say. Invented people only. */

/** A day in the past as people write it. @param {number} ago */
const day = (ago) => {
  const d = new Date(Date.now() - ago * 86_400_000)
  return [d.getDate(), d.getMonth() + 1, d.getFullYear()].map((n) => String(n).padStart(2, '0')).join('/')
}

/** Birth registration, by the father, with an electronic certificate of live birth. */
export const birth = {
  service: 'ho-tich',
  procedure: '1.001193',
  procedureCase: '1.001193.01',
  papers: { '000.00.00.G15-KQ004389': 'GCS-2026-0001234' },
  answers: {
    nycQuanHe: 'cha',
    nycDonViCuTru: '00004', // the card still has the ward of before 2025
    nksHoTen: 'keys:nguyeenx minh khooi', // Telex, on the screen's keyboard
    nksGioiTinh: 'Nam',
    nksNgaySinh: day(12),
    nksNoiSinh: 'Bệnh viện Mẫu, số 1 phố Thử',
    meHoTen: 'Lê Thị Thử Nghiệm',
    meNgaySinh: '02/03/1998',
    meNoiCuTru: 'Số 12 ngõ 34 phố Châu Long, Ba Đình, Hà Nội',
    chaMeKetHon: 'yes',
  },
}

/** Confirmation of residence: the short one. */
export const residence = {
  service: 'cu-tru',
  procedure: '1.010041',
  procedureCase: '1.010041.01',
  answers: { nycDonViCuTru: '00004', laChuHo: 'yes', noiDungDeNghi: 'thuong-tru' },
}
