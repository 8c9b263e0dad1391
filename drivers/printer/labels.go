package printer

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A label is one fixed text of a paper. Vietnamese always stands; English is
// added for those who chose it.
type label struct{ vi, en string }

// labels are all the words of papers that do not come from the catalogue.
var labels = map[string]label{
	"reprint": {"IN LẠI", "REPRINT"},

	"ticket.title":    {"SỐ THỨ TỰ", "YOUR NUMBER"},
	"ticket.priority": {"Ưu tiên: %s", "Priority"},
	"ticket.where":    {"Nơi phục vụ", "Please go to"},
	"ticket.ahead":    {"Đang chờ trước", "Waiting before you"},
	"ticket.people":   {"%s\u00a0người", ""},
	"ticket.nobody":   {"chưa có ai", "nobody"},
	"ticket.wait":     {"Dự kiến chờ", "Expected wait"},
	"ticket.follow":   {"Quét mã để theo dõi lượt của mình", "Scan to follow your turn"},
	"ticket.keep":     {"Quét mã để lưu số vào điện thoại", "Scan to keep the number on your phone"},
	"ticket.at":       {"Lấy số lúc %s", "Taken at %s"},

	"slip.title":     {"PHIẾU NỘP HỒ SƠ", "SUBMISSION SLIP"},
	"slip.state":     {"Đã gửi hồ sơ, chờ cán bộ tiếp nhận", "Sent. Waiting for an officer to accept it."},
	"slip.kept":      {"Hồ sơ được giữ an toàn trong máy và tự gửi khi có mạng", "Kept safe in the kiosk; it sends itself when the network is back."},
	"slip.receipt":   {"Số phiếu", "Slip number"},
	"slip.code":      {"Mã hồ sơ", "Dossier code"},
	"slip.procedure": {"Thủ tục", "Procedure"},
	"slip.applicant": {"Người nộp", "Applicant"},
	"slip.pin":       {"Số định danh", "Personal ID number"},
	"slip.papers":    {"Giấy tờ", "Papers"},
	"slip.next":      {"Việc tiếp theo", "What happens next"},
	"slip.qr":        {"Quét mã này để xem hồ sơ", "Scan to see your dossier"},
	"slip.at":        {"Gửi lúc %s", "Sent at %s"},
	"slip.not": {"Phiếu này không thay giấy tiếp nhận hồ sơ và hẹn trả kết quả.",
		"This slip is not the receipt with the appointment for results."},

	"checklist.title":  {"GIẤY TỜ CẦN CHUẨN BỊ", "WHAT TO BRING"},
	"checklist.fee":    {"Lệ phí", "Fee"},
	"checklist.time":   {"Thời hạn", "Time"},
	"checklist.where":  {"Nơi nộp", "Where"},
	"checklist.papers": {"Mang theo", "Bring with you"},
	"checklist.next":   {"Các bước", "Steps"},
	"checklist.at":     {"In lúc %s", "Printed at %s"},
}

// words speaks the labels in Vietnamese, and in English beside it if asked to.
type words struct{ english bool }

func wordsFor(lang string) words { return words{lang == "en"} }

// vi is the Vietnamese of a label, filled in.
func (words) vi(key string, args ...any) string { return fill(labels[key].vi, args) }

// en is the English of a label, or empty if only Vietnamese is wanted.
func (w words) en(key string, args ...any) string {
	if !w.english {
		return ""
	}
	return fill(labels[key].en, args)
}

func fill(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// vietnam is UTC+7 all year. A kiosk's own zone may be unset; a ticket's is not.
var vietnam = time.FixedZone("ICT", 7*60*60)

var weekdays = [7]label{
	{"Chủ nhật", "Sunday"}, {"thứ Hai", "Monday"}, {"thứ Ba", "Tuesday"}, {"thứ Tư", "Wednesday"},
	{"thứ Năm", "Thursday"}, {"thứ Sáu", "Friday"}, {"thứ Bảy", "Saturday"},
}

// when says a moment as it is said at a counter: 09:41, thứ Hai 23/11/2026.
func when(t time.Time) label {
	t = t.In(vietnam)
	day := weekdays[t.Weekday()]
	return label{
		vi: t.Format("15:04") + ", " + together(day.vi+" "+t.Format("02/01/2006")),
		en: t.Format("15:04") + ", " + together(day.en+" "+t.Format("2 January 2006")),
	}
}

// together keeps a text on one line.
func together(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") }

// about says an estimate without more exactness than an estimate has: minutes up
// to ten, then fives; never less than a minute.
func about(d time.Duration) label {
	m := max(1, int((d+time.Minute-1)/time.Minute))
	if m > 10 {
		m = (m + 4) / 5 * 5
	}
	h, m := m/60, m%60
	vi, en := "khoảng", "about"
	if h > 0 {
		vi += " " + strconv.Itoa(h) + "\u00a0giờ"
		en += " " + strconv.Itoa(h) + " h"
	}
	if m > 0 {
		vi += " " + strconv.Itoa(m) + "\u00a0phút"
		en += " " + strconv.Itoa(m) + " min"
	}
	return label{vi, en}
}
