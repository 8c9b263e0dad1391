package printer

import (
	"fmt"
	"time"
)

// Sample returns a paper of a kind filled with made-up people and places: what a
// technician prints to see that a printer speaks Vietnamese.
func Sample(kind Kind, at time.Time, lang string) (Paper, error) {
	switch kind {
	case KindTicket:
		return Ticket{
			Unit: "UBND phường Ba Đình", Site: "Điểm hỗ trợ dịch vụ công số 2",
			Number: "A012", Service: "Hộ tịch – khai sinh, kết hôn",
			Where: "Quầy 3 và 4", Ahead: 7, Wait: 15 * time.Minute, At: at,
			QR: "A012 · UBND phường Ba Đình · " + at.In(vietnam).Format("15:04 02/01/2006"), Lang: lang,
		}, nil
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
		}, nil
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
		}, nil
	case KindAcceptance:
		return Acceptance{
			Authority: "UBND phường Ba Đình", Site: "Điểm hỗ trợ dịch vụ công số 2",
			Code: "000.00.06.H26-261123-0361", Receipt: "7QK2-M9XD-4TPA", Procedure: "Đăng ký khai sinh", Official: "1.001193",
			Papers:   []SlipPaper{{"Giấy chứng sinh", "Mang bản chính khi nhận kết quả"}},
			Received: at, Due: at.Add(3 * 24 * time.Hour), Where: "Quầy 2, UBND phường Ba Đình",
			At: at, QR: "TIEPDAN:7QK2M9XD4TPA", Lang: lang,
		}, nil
	case KindTest:
		return TestPage{Profile: "generic-80", Port: "/dev/serial/by-id/usb-printer", Kiosk: "Điểm hỗ trợ dịch vụ công số 2", At: at, Lang: lang}, nil
	case KindReadiness:
		return Readiness{
			Kiosk: "HN-00004-02", Unit: "UBND phường Ba Đình", Site: "Điểm hỗ trợ dịch vụ công số 2", Ready: false, At: at, Lang: lang,
			Checks: []Check{
				{Name: "Đầu đọc thẻ", Says: "ACS ACR39U, sẵn sàng"},
				{Name: "Máy in", Says: "hết giấy", Note: "Thay cuộn giấy mới."},
				{Name: "Đồng hồ", Says: "đúng giờ"},
			},
		}, nil
	}
	return nil, fmt.Errorf("no sample of kind %q: ticket, slip, checklist, acceptance, test or readiness", kind)
}
