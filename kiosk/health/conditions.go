package health

import (
	"slices"
	"time"
)

// Text is a text for people: Vietnamese first, English complete.
type Text struct {
	VI string `json:"vi"`
	EN string `json:"en"`
}

// A Severity says how much of the kiosk a condition takes away.
type Severity string

const (
	Info     Severity = "info"     // good to know, nothing is lost
	Warning  Severity = "warning"  // works, and will not for long
	Degraded Severity = "degraded" // part of the service is gone
	Critical Severity = "critical" // residents can't be served
)

// An Actor is who does something about a condition.
type Actor string

const (
	Site       Actor = "site"       // whoever is in the hall
	Technician Actor = "technician" // comes with a key
	Centre     Actor = "centre"     // acts from afar
)

// A Declaration is a condition as it stands here, once, for kiosk, centre and
// documentation.
type Declaration struct {
	Code      string
	Severity  Severity
	DependsOn []string      // while one of these is reported, this one goes without saying
	Grace     time.Duration // must hold this long before it is reported
	Who       Actor
	Text      Text // what is the matter
	Step      Text // the first thing to do
}

// Codes of conditions.
const (
	ReaderMissing       = "reader-missing"
	CardLeft            = "card-left"
	PrinterOffline      = "printer-offline"
	PaperOut            = "paper-out"
	PaperLow            = "paper-low"
	CoverOpen           = "cover-open"
	CutterError         = "cutter-error"
	PrinterHot          = "printer-hot"
	PrinterFault        = "printer-fault"
	ScannerMissing      = "scanner-missing"
	CentreUnreachable   = "centre-unreachable"
	LinkForbidden       = "link-forbidden"
	NotEnrolled         = "not-enrolled"
	OutboxBacklog       = "outbox-backlog"
	OutboxQuarantine    = "outbox-quarantine"
	StoreFailing        = "store-failing"
	DiskLow             = "disk-low"
	ClockSkew           = "clock-skew"
	TrustAnchorsMissing = "trust-anchors-missing"
	CatalogueInvalid    = "catalogue-invalid"
	CatalogueExpired    = "catalogue-expired"
	ConfigInvalid       = "config-invalid"
	ConfigRefused       = "config-refused"
	Locked              = "locked"

	// These are seen from the centre alone; see [ByCentre].
	KioskSilent   = "kiosk-silent"
	NotReadyToday = "not-ready-today"
)

// ByCentre says that a condition is about what a kiosk does not say.
func ByCentre(code string) bool { return code == KioskSilent || code == NotReadyToday }

// Declarations lists every condition, what weighs most first.
var Declarations = []Declaration{
	{
		Code: NotReadyToday, Severity: Critical, Who: Site,
		Text: Text{"Đã mở cửa mà máy chưa hoạt động.", "The site has opened and the kiosk has not woken."},
		Step: Text{"Bật điện cho máy; nếu máy đã bật, kiểm tra dây mạng.", "Switch the kiosk on; if it is on, check its network cable."},
	},
	{
		Code: KioskSilent, Severity: Critical, Who: Technician,
		Text: Text{"Máy không còn báo tin về trung tâm.", "The kiosk says nothing to the centre any more."},
		Step: Text{"Gọi đến điểm đặt máy: máy có điện và có mạng không. Hồ sơ đã có phiếu vẫn còn trong máy.", "Call the site: has it power and network? Applications with a slip are safe in the kiosk."},
	},
	{
		Code: StoreFailing, Severity: Critical, Who: Technician,
		Text: Text{"Không ghi được vào bộ nhớ của máy.", "The kiosk cannot write to its storage."},
		Step: Text{"Ngừng dùng máy, gọi kỹ thuật. Hồ sơ đã có phiếu vẫn còn.", "Stop using the kiosk and call the technician. Applications with a slip are safe."},
	},
	{
		Code: ConfigInvalid, Severity: Critical, Who: Centre,
		Text: Text{"Cấu hình của máy có lỗi.", "The configuration of the kiosk has errors."},
		Step: Text{"Xem trường nào sai ở /healthz hoặc nhật ký của máy, rồi gửi lại cấu hình.", "See in /healthz or the kiosk's log which field is wrong, then send the configuration again."},
	},
	{
		Code: ConfigRefused, Severity: Warning, Who: Centre,
		Text: Text{"Máy không nhận được cấu hình mới, vẫn chạy theo cấu hình cũ.", "The kiosk could not take its new configuration, and goes on by the old one."},
		Step: Text{"Xem trường nào sai ở trang của máy, sửa rồi gửi lại.", "See on the kiosk's page which field is wrong, mend it and send it again."},
	},
	{
		Code: Locked, Severity: Warning, Who: Centre,
		Text: Text{"Máy tạm dừng theo lệnh của trung tâm.", "The centre has closed the kiosk."},
		Step: Text{"Mở lại ở trang của máy khi xong việc.", "Open it again on its page when the work is done."},
	},
	{
		Code: CatalogueInvalid, Severity: Critical, Who: Centre,
		Text: Text{"Danh mục thủ tục có lỗi.", "The catalogue of procedures has errors."},
		Step: Text{"Chạy “kiosk catalogue check” để xem tệp và trường sai.", "Run “kiosk catalogue check” to see the file and field."},
	},
	{
		Code: ReaderMissing, Severity: Degraded, Grace: 10 * time.Second, Who: Technician,
		Text: Text{"Không thấy đầu đọc thẻ.", "The card reader is not there."},
		Step: Text{"Cắm lại cáp đầu đọc thẻ. Trong lúc đó vẫn lấy số được.", "Plug the card reader in again. Numbers can still be taken."},
	},
	{
		Code: NotEnrolled, Severity: Degraded, Who: Technician,
		Text: Text{"Máy chưa được ghi danh với trung tâm.", "The kiosk is not enrolled with a centre."},
		Step: Text{"Xin mã ghi danh rồi chạy “kiosk enrol”.", "Ask for an enrolment code and run “kiosk enrol”."},
	},
	{
		Code: TrustAnchorsMissing, Severity: Degraded, Who: Technician,
		Text: Text{"Chưa có chứng thư gốc để kiểm tra thẻ.", "There are no root certificates to check cards against."},
		Step: Text{"Chép chứng thư CSCA vào thư mục trust_dir của cấu hình.", "Copy the CSCA certificates to the trust_dir of the configuration."},
	},
	{
		Code: PrinterOffline, Severity: Degraded, Grace: 10 * time.Second, Who: Site,
		Text: Text{"Máy in không trả lời.", "The printer does not answer."},
		Step: Text{"Xem máy in có điện và đã cắm cáp chưa. Số vẫn hiện trên màn hình.", "Check the printer's power and cable. Numbers still show on screen."},
	},
	{
		Code: PaperOut, Severity: Degraded, DependsOn: []string{PrinterOffline}, Who: Site,
		Text: Text{"Máy in hết giấy.", "The printer is out of paper."},
		Step: Text{"Thay cuộn giấy mới.", "Put in a new roll."},
	},
	{
		Code: CoverOpen, Severity: Degraded, DependsOn: []string{PrinterOffline}, Grace: 5 * time.Second, Who: Site,
		Text: Text{"Nắp máy in đang mở.", "The printer's cover is open."},
		Step: Text{"Đóng nắp máy in cho đến khi nghe tiếng khớp.", "Close the cover until it clicks."},
	},
	{
		Code: CutterError, Severity: Warning, DependsOn: []string{PrinterOffline, CoverOpen}, Who: Technician,
		Text: Text{"Dao cắt giấy bị kẹt.", "The paper cutter is jammed."},
		Step: Text{"Tắt máy in, lấy mẩu giấy kẹt ra, bật lại.", "Switch the printer off, take out the jammed paper, switch it on."},
	},
	{
		Code: PrinterFault, Severity: Degraded, DependsOn: []string{PrinterOffline, CoverOpen}, Grace: 10 * time.Second, Who: Site,
		Text: Text{"Máy in báo lỗi.", "The printer reports an error."},
		Step: Text{"Tắt máy in, đợi 10 giây rồi bật lại. Số vẫn hiện trên màn hình.", "Switch the printer off, wait 10 seconds, switch it on. Numbers still show on screen."},
	},
	{
		Code: PrinterHot, Severity: Warning, DependsOn: []string{PrinterOffline}, Grace: 5 * time.Minute, Who: Technician,
		Text: Text{"Đầu in quá nóng.", "The print head is too hot."},
		Step: Text{"Để máy in nguội; xem khe gió có bị che không.", "Let the printer cool; see whether its vents are covered."},
	},
	{
		Code: PaperLow, Severity: Warning, DependsOn: []string{PrinterOffline, PaperOut}, Grace: time.Minute, Who: Site,
		Text: Text{"Giấy in sắp hết.", "The paper is running low."},
		Step: Text{"Chuẩn bị cuộn giấy mới.", "Have a new roll ready."},
	},
	{
		Code: ScannerMissing, Severity: Warning, Grace: 20 * time.Second, Who: Technician, // it is looked for every 15 s
		Text: Text{"Không thấy máy quét mã QR.", "The QR scanner is not there."},
		Step: Text{"Cắm lại cáp máy quét. Người dân vẫn gõ 6 số cuối được.", "Plug the scanner in again. Residents can still type the last 6 digits."},
	},
	{
		Code: CardLeft, Severity: Warning, DependsOn: []string{ReaderMissing}, Who: Site,
		Text: Text{"Có thẻ để quên trên máy.", "A card was left on the reader."},
		Step: Text{"Cất thẻ ở nơi an toàn và báo cán bộ.", "Put the card in a safe place and tell an officer."},
	},
	{
		Code: LinkForbidden, Severity: Degraded, DependsOn: []string{NotEnrolled}, Grace: 5 * time.Second, Who: Centre,
		Text: Text{"Trung tâm từ chối máy này.", "The centre refuses this kiosk."},
		Step: Text{"Kiểm tra máy có bị thu hồi không; nếu không, ghi danh lại.", "See whether the kiosk was revoked; if not, enrol it again."},
	},
	{
		Code: CentreUnreachable, Severity: Warning, DependsOn: []string{NotEnrolled, LinkForbidden}, Grace: 30 * time.Second, Who: Technician,
		Text: Text{"Mất liên lạc với trung tâm.", "The centre cannot be reached."},
		Step: Text{"Kiểm tra mạng. Hồ sơ được giữ an toàn trong máy và tự gửi khi có mạng.", "Check the network. Applications are kept safe and sent when it is back."},
	},
	{
		Code: OutboxBacklog, Severity: Warning, DependsOn: []string{NotEnrolled, LinkForbidden, CentreUnreachable}, Grace: 5 * time.Minute, Who: Centre,
		Text: Text{"Có hồ sơ chờ lâu chưa được trung tâm xác nhận.", "Applications have long been waiting for the centre's receipt."},
		Step: Text{"Xem cổng tiếp nhận ở trung tâm có chạy không.", "See whether the gateway at the centre is running."},
	},
	{
		Code: OutboxQuarantine, Severity: Degraded, Who: Centre,
		Text: Text{"Có hồ sơ không gửi được, cần người xem.", "An application could not be sent and needs a person to look."},
		Step: Text{"Chạy “kiosk outbox” để xem số nhận và lý do.", "Run “kiosk outbox” for the receipt number and the reason."},
	},
	{
		Code: DiskLow, Severity: Warning, Grace: time.Minute, Who: Technician,
		Text: Text{"Bộ nhớ của máy sắp đầy.", "The kiosk's storage is nearly full."},
		Step: Text{"Xem hồ sơ chờ gửi và nhật ký; giải phóng chỗ.", "Look at waiting applications and logs; free some space."},
	},
	{
		Code: ClockSkew, Severity: Warning, Grace: time.Minute, Who: Technician,
		Text: Text{"Chưa có gì xác nhận giờ của máy là đúng.", "Nothing confirms that the kiosk's clock is right."},
		Step: Text{"Kiểm tra đồng bộ giờ (NTP) và pin của bo mạch.", "Check time synchronisation (NTP) and the board's battery."},
	},
	{
		Code: CatalogueExpired, Severity: Warning, Who: Centre,
		Text: Text{"Danh mục thủ tục đã cũ.", "The catalogue of procedures is out of date."},
		Step: Text{"Gửi danh mục mới cho máy.", "Send the kiosk a new catalogue."},
	},
}

// Declared returns the declaration of a code; of one that a newer kiosk knows and we
// don't there is none.
func Declared(code string) (Declaration, bool) {
	i := slices.IndexFunc(Declarations, func(d Declaration) bool { return d.Code == code })
	if i < 0 {
		return Declaration{}, false
	}
	return Declarations[i], true
}

// At is the condition as it holds since a moment.
func (d Declaration) At(since time.Time, detail string) Condition {
	return Condition{Code: d.Code, Severity: d.Severity, Since: since, Who: d.Who, Text: d.Text, Step: d.Step, Detail: detail}
}
