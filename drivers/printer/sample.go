package printer

import (
	"fmt"
	"time"
)

// Sample returns a document of a kind filled with made-up people and places:
// what a technician prints to see that a printer speaks Vietnamese.
func Sample(kind Kind, at time.Time, lang string) (Document, error) {
	switch kind {
	case KindTicket:
		return Ticket{
			Unit: "UBND phường Ba Đình", Site: "Điểm hỗ trợ dịch vụ công số 2",
			Number: "A012", Service: "Hộ tịch – khai sinh, kết hôn",
			Where: "Quầy 3 và 4", Ahead: 7, Wait: 15 * time.Minute, At: at,
			QR: "A012 · UBND phường Ba Đình · " + at.In(vietnam).Format("15:04 02/01/2006"), Lang: lang,
		}.Document(), nil
	case KindSlip:
		return Slip{
			Authority: "UBND phường Ba Đình", Site: "Điểm hỗ trợ dịch vụ công số 2",
			Receipt: "7QK2-M9XD-4TPA", Procedure: "Đăng ký khai sinh", Official: "1.001193",
			Applicant: "NGUYỄN THỊ BÍCH NGỌC", PIN: "0010••••••67",
			Papers: []SlipPaper{
				{"Giấy chứng sinh", "Mang bản chính đến quầy"},
				{"Giấy chứng nhận kết hôn", "Đã chụp tại kiosk; mang bản chính để đối chiếu"},
			},
			Next: []string{
				"Cán bộ xem hồ sơ từ 8:00 ngày 24/11/2026.",
				"Nếu sau 1 ngày làm việc chưa có mã hồ sơ, mời gọi 024 1022 hoặc mang phiếu này đến quầy Hộ tịch.",
			},
			At: at, QR: "TIEPDAN:7QK2M9XD4TPA", Lang: lang,
		}.Document(), nil
	case KindChecklist:
		return Checklist{
			Unit: "UBND phường Ba Đình", Procedure: "Đăng ký kết hôn", Official: "1.000894",
			Fee: "Miễn lệ phí", Time: "Ngay trong ngày làm việc",
			Papers: []string{
				"Thẻ căn cước của hai bên",
				"Tờ khai đăng ký kết hôn theo mẫu, hai bên cùng ký",
				"Giấy xác nhận tình trạng hôn nhân, nếu thường trú ở nơi khác",
			},
			Where: "Quầy Hộ tịch",
			Next:  []string{"Hai bên cùng có mặt tại quầy.", "Lấy số ở kiosk: chọn “Hộ tịch”."},
			At:    at, Lang: lang,
		}.Document(), nil
	}
	return Document{}, fmt.Errorf("no sample of kind %q: ticket, slip or checklist", kind)
}
