package gateway

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/trust"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
)

// filedBy is a dossier of 1.010041 as a kiosk makes it of this persona's card.
func filedBy(t *testing.T, persona string) dossier.Dossier {
	t.Helper()
	now := time.Now()
	r := read(t, persona)
	number, err := dossier.NewReceiptNumber(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := r.Identity
	d := dossier.Dossier{
		Version: dossier.Version, Receipt: number, Kiosk: "00004-01", Site: "Điểm số 2", Unit: "00004", Agency: "000.00.06.H26",
		Channel: "online", SubmittedAt: now, Clock: "synced", Procedure: "1.010041", Case: "1.010041.01", Lang: "vi",
		Applicant: dossier.Applicant{PIN: id.PIN, Name: id.Name, DOB: id.DOB, Sex: id.Sex, Nationality: id.Nationality, Residence: id.Residence},
		Verdict:   r.Verdict, SOD: slices.Clone(r.Evidence.SOD), DG1: slices.Clone(r.Evidence.DG1), DG13: slices.Clone(r.Evidence.DG13),
	}
	var rs rules
	cat, err := rs.own.On(now)
	if err != nil {
		t.Fatal(err)
	}
	procedure, ok := cat.Procedure(d.Procedure)
	if !ok {
		t.Fatal("no 1.010041")
	}
	d.Catalogue, d.Form, d.FormVersion = cat.Version, procedure.Form.Name, procedure.Form.Version
	d.Answers = procedure.Form.Complete(map[string]string{
		"nycNoiCuTru": "Số 1 phố Thử", "nycDonViCuTru": "00004", "laChuHo": catalogue.Yes, "noiDungDeNghi": "thuong-tru",
	}, chip(id, d.Applicant))
	return d
}

// readings are shared: a card says the same each time.
var readings = map[string]*cccd.Reading{}

func read(t *testing.T, persona string) *cccd.Reading {
	t.Helper()
	if readings[persona] != nil {
		return readings[persona]
	}
	p, ok := cardsim.ByName(persona)
	if !ok {
		t.Fatalf("no persona %s", persona)
	}
	sim, err := cardsim.New(p, cardsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := cccd.Read(t.Context(), sim, p.Key(), cccd.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	readings[persona] = r
	return r
}

func anchors(t *testing.T) *trust.Store {
	t.Helper()
	s := &trust.Store{}
	if err := s.Add(cardsim.CSCA()); err != nil {
		t.Fatal(err)
	}
	return s
}

// The gateway's own look at a card, whatever the kiosk said of it.
func TestEvidence(t *testing.T) {
	for _, c := range []struct {
		persona  string
		anchored bool   // our CSCA is installed at the gateway
		requires string // "": read
		change   func(*dossier.Dossier)
		grade    string
		fault    string
		note     string
	}{
		{persona: "an", grade: "signed"},
		{persona: "an", anchored: true, grade: "anchored"},
		{persona: "chi", anchored: true, requires: "anchored", grade: "anchored"},
		{persona: "an", requires: "anchored", grade: "signed", fault: "evidence-below-policy"},
		{persona: "an", requires: "signed", grade: "signed"},
		{persona: "tampered", grade: "failed", fault: "evidence-failed"},
		{persona: "stranger", grade: "signed"},
		{persona: "stranger", anchored: true, grade: "failed", fault: "evidence-failed"},
		{persona: "tampered", change: func(d *dossier.Dossier) { d.Verdict.Grade = cccd.GradeGenuine }, grade: "failed", fault: "evidence-failed"},
		{persona: "an", change: func(d *dossier.Dossier) { d.DG1[len(d.DG1)-1] ^= 1 }, grade: "failed", fault: "evidence-failed"},
		{persona: "an", change: func(d *dossier.Dossier) { d.SOD[len(d.SOD)-1] ^= 1 }, grade: "failed", fault: "evidence-failed"},
		{persona: "an", change: func(d *dossier.Dossier) { d.SOD = d.SOD[:40] }, grade: "failed", fault: "evidence-failed"},
		{persona: "an", change: func(d *dossier.Dossier) { d.Verdict.Grade = cccd.GradeGenuine }, grade: "signed", note: "evidence-less-than-kiosk-says"},
		{persona: "an", change: func(d *dossier.Dossier) { d.SOD = nil }, grade: "read", fault: "evidence-missing"},
		{persona: "an", change: func(d *dossier.Dossier) { d.SOD = nil; d.Verdict.Grade = cccd.GradeRead }, grade: "read"},
		{persona: "an", change: func(d *dossier.Dossier) { d.Verdict.Grade = cccd.GradeFailed }, grade: "signed", fault: "evidence-failed"},
		{persona: "an", change: func(d *dossier.Dossier) { d.Applicant.PIN = "001099999999" }, grade: "signed", fault: "applicant-not-on-card"},
		{persona: "an", change: func(d *dossier.Dossier) { d.DG1, d.Applicant.PIN = nil, "001099999999" }, grade: "signed", fault: "applicant-not-on-card"},
		{persona: "an", change: func(d *dossier.Dossier) { d.Applicant.Name = "Ai Khác" }, grade: "signed", fault: "applicant-not-on-card"},
		{persona: "an", change: func(d *dossier.Dossier) { d.DG1, d.DG13, d.SOD = nil, nil, nil; d.Verdict.Grade = cccd.GradeRead }, grade: "read"},
	} {
		t.Run(fmt.Sprintf("%s %s %s %t", c.persona, c.requires, c.fault, c.anchored), func(t *testing.T) {
			d := filedBy(t, c.persona)
			if c.change != nil {
				c.change(&d)
			}
			var store *trust.Store
			if c.anchored {
				store = anchors(t)
			}
			requires := c.requires
			if requires == "" {
				requires = "read"
			}
			f, bad := examine(d, store, requires)
			code := ""
			if bad != nil {
				code = bad.code
			}
			if f.grade != c.grade || code != c.fault || !strings.Contains(strings.Join(f.notes, " "), c.note) {
				t.Errorf("%s, %v, %v", f.grade, bad, f.notes)
			}
			if f.kioskGrade != string(d.Verdict.Grade) {
				t.Errorf("the kiosk's grade is %s here", f.kioskGrade)
			}
			if bad != nil && bad.detail != nil && strings.Contains(bad.Error(), d.Applicant.Name) {
				t.Errorf("a name in %v", bad)
			}
		})
	}
}

// Answers that come off the card are the card's.
func TestAnswersOfTheCard(t *testing.T) {
	for _, persona := range []string{"an", "binh", "chi", "stranger", "expired"} {
		var rs rules
		d := filedBy(t, persona)
		f, bad := examine(d, nil, "read")
		if bad != nil {
			t.Fatalf("%s: %v", persona, bad)
		}
		if _, _, bad := rs.hold(t.Context(), d, &f); bad != nil || len(f.notes) > 0 {
			t.Errorf("%s: %v, %v", persona, bad, f.notes)
		}
		d.Answers["nycHoTen"] = "Người Khác"
		d.Answers["chuHoHoTen"] = "Người Khác"
		if _, _, bad := rs.hold(t.Context(), d, &f); codeOf(bad) != "answers-not-on-card" {
			t.Errorf("%s, another's name: %v", persona, bad)
		}
	}
}

func codeOf(err error) string {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.code
	}
	return ""
}

// What rules say of a dossier that isn't of this catalogue.
func TestRules(t *testing.T) {
	for want, change := range map[string]func(*dossier.Dossier){
		"":                       func(*dossier.Dossier) {},
		"procedure-unknown":      func(d *dossier.Dossier) { d.Procedure = "9.999999" },
		"procedure-without-form": func(d *dossier.Dossier) { d.Procedure = "1.000894" }, // kết hôn: both sign in person
		"form-unknown":           func(d *dossier.Dossier) { d.Form = "khac" },
		"answers-invalid":        func(d *dossier.Dossier) { d.Answers["nycDienThoai"] = "số" },
	} {
		var rs rules
		d := filedBy(t, "an")
		change(&d)
		_, _, bad := rs.hold(t.Context(), d, &findings{})
		if got := codeOf(bad); got != want {
			t.Errorf("%q, want %q (%v)", got, want, bad)
		}
	}
	var rs rules
	d := filedBy(t, "an")
	d.Catalogue, d.FormVersion = "another", "2020-01-01"
	var f findings
	if _, _, bad := rs.hold(t.Context(), d, &f); bad != nil || strings.Join(f.notes, " ") != "catalogue-other-version form-other-version" {
		t.Errorf("%v, %v", bad, f.notes)
	}
}

func TestItem(t *testing.T) {
	d := filedBy(t, "an")
	d.SubmittedAt = time.Date(2026, 11, 22, 17, 30, 5, 0, time.UTC) // the 23rd in Vietnam
	d.Clock, d.AssistedBy = "unsynced", "lan"
	d.Answers["nycDienThoai"] = "0912345678"
	d.Papers = []dossier.Paper{
		{Code: "KQ1", Name: "Giấy chứng sinh", How: "e-certificate", Kind: "giay-chung-sinh", Number: "GCS-1"},
		{Code: "KQ2", Name: "Ảnh", How: "pages", Parts: []int{3, 4}},
		{Code: "KQ3", Name: "Tờ khai", How: "counter"},
	}
	var rs rules
	cat, err := rs.own.On(d.SubmittedAt)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := cat.Procedure(d.Procedure)
	item := newItem(d, p, cat, findings{grade: "signed", kioskGrade: "anchored"}, nil)
	for _, c := range []struct{ field, got, want string }{
		{"MaHoSo", item.MaHoSo, ""},
		{"MaHoSoNguon", item.MaHoSoNguon, string(d.Receipt)},
		{"NgayNopHoSo", item.NgayNopHoSo, "20261123003005"},
		{"NgayTiepNhan", item.NgayTiepNhan, ""},
		{"KenhThucHien", item.KenhThucHien, "2"},
		{"MaLinhVuc", item.MaLinhVuc, "G01-CA05"},
		{"SoDienThoai", item.SoDienThoai, "0912345678"},
		{"DonViXuLy", item.DonViXuLy, "Công an phường Ba Đình"},
		{"TrichYeuHoSo", item.TrichYeuHoSo, "Xác nhận thông tin về cư trú"},
		{"HoSoCoThanhPhanSoHoa", item.HoSoCoThanhPhanSoHoa, "1"},
		{"GhiChu", item.GhiChu, "Nộp tại kiosk 00004-01; thẻ: chữ ký khớp, chưa có chứng thư gốc để đối chiếu; kiosk ghi nhận: chữ ký khớp chứng thư gốc đã cài; đồng hồ của kiosk chưa đồng bộ; có cán bộ hỗ trợ: lan; mang đến quầy: Tờ khai"},
		{"file 1", item.TaiLieuNop[0].TepDinhKemId + item.TaiLieuNop[0].DuocLayTuKhoDMQG, "giay-chung-sinh:GCS-11"},
		{"file 2", item.TaiLieuNop[1].TepDinhKemId + item.TaiLieuNop[1].DuocSoHoa, string(d.Receipt) + "-31"},
		{"file 4", item.TaiLieuNop[3].TepDinhKemId + item.TaiLieuNop[3].DuocSoHoa, "0"},
		{"printed", fmt.Sprint(item), "[item]"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.field, c.got, c.want)
		}
	}
}

// A refusal's words leave the centre unsealed: nothing of the dossier or the
// card is in them, however One-Stop writes it; its own words are.
func TestReason(t *testing.T) {
	d := filedBy(t, "an")
	d.Papers = []dossier.Paper{{Code: "x", How: "e-certificate", Number: "GCS/2026-77"}}
	card := chip(read(t, "an").Identity, d.Applicant)
	day, month, year := d.Applicant.DOB[:2], d.Applicant.DOB[3:5], d.Applicant.DOB[6:]
	pin := d.Applicant.PIN
	for _, c := range []struct{ name, message, want string }{
		{"name, number, answer", "Công dân " + d.Applicant.Name + " (" + pin + ")\x00 ở Số 1 phố Thử: sai", "Công dân … (…)  ở …: sai"},
		{"shouted", "CÔNG DÂN " + strings.ToUpper(d.Applicant.Name) + " ĐÃ NỘP", "CÔNG DÂN … ĐÃ NỘP"},
		{"without diacritics", "cong dan " + catalogue.Fold(d.Applicant.Name) + " da nop", "cong dan … da nop"},
		{"decomposed", "công dân " + norm.NFD.String(d.Applicant.Name) + " đã nộp", "công dân … đã nộp"},
		{"father, of the card alone", "cha là " + card["fatherName"] + ".", "cha là …."},
		{"dates", "sinh " + year + "-" + month + "-" + day + ", " + day + "." + month + "." + year + ", " + year + month + day, "sinh …, …, …"},
		{"number in groups", "số " + pin[:3] + " " + pin[3:6] + " " + pin[6:9] + " " + pin[9:] + " sai", "số … sai"},
		{"somebody else's number", "trùng với 079.199.000.123", "trùng với …"},
		{"paper", "giấy GCS/2026-77 hết hạn", "giấy … hết hạn"},
		{"part of an address", "không có " + strings.Split(d.Applicant.Residence, ",")[0] + " ở đây", "không có … ở đây"},
		{"nothing personal", "Hồ sơ 000.00.06.H26-261122-0361 không thuộc thẩm quyền, điều 7", "Hồ sơ 000.00.06.H26-261122-0361 không thuộc thẩm quyền, điều 7"},
		{"broken UTF-8", "sai\xff quyền", "sai  quyền"},
	} {
		if got := reason(&Refusal{Code: "04", Message: c.message}, d, card); got != c.want+" (One-Stop 04)" {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	var last time.Duration
	for n := uint64(1); n < 600; n++ {
		d := backoff(n)
		if d < last || d < 250*time.Millisecond || d > 5*time.Minute {
			t.Fatalf("delivery %d: %v after %v", n, d, last)
		}
		last = d
	}
}
