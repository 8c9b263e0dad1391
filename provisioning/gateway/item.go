package gateway

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
)

// vietnam is the time of One-Stop's dates; it has had no summer time since 1975.
var vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// dateLayout is yyyyMMddHHmmss, 24-hour.
const dateLayout = "20060102150405"

// An Item is a dossier as One-Stop takes it: the fields of the national sync
// (DongBoHoSoMC), and beside them MaHoSoNguon, our receipt number, and
// DuLieuForm, the form by the exchange names of its fields.
type Item struct {
	MaHoSo                 string            `json:"MaHoSo"` // "": One-Stop gives the code
	MaHoSoNguon            string            `json:"MaHoSoNguon"`
	MaTTHC                 string            `json:"MaTTHC"`
	TenTTHC                string            `json:"TenTTHC"`
	MaLinhVuc              string            `json:"MaLinhVuc"`
	TenLinhVuc             string            `json:"TenLinhVuc"`
	KenhThucHien           string            `json:"KenhThucHien"` // 1 direct, 2 online, 3 postal
	ChuHoSo                string            `json:"ChuHoSo"`
	LoaiDoiTuong           string            `json:"LoaiDoiTuong"` // 1: a citizen
	MaDoiTuong             string            `json:"MaDoiTuong"`
	SoGiayToChuHoSo        string            `json:"SoGiayToChuHoSo"`
	SoDienThoai            string            `json:"SoDienThoai"`
	TrichYeuHoSo           string            `json:"TrichYeuHoSo"` // at most 1000 characters
	NgayNopHoSo            string            `json:"NgayNopHoSo"`  // when it was confirmed at the kiosk
	NgayTiepNhan           string            `json:"NgayTiepNhan"` // One-Stop's alone to give
	NgayHenTra             string            `json:"NgayHenTra"`
	TrangThaiHoSo          string            `json:"TrangThaiHoSo"` // 1: mới đăng ký
	NgayTra                string            `json:"NgayTra"`
	HinhThuc               string            `json:"HinhThuc"`
	NgayKetThucXuLy        string            `json:"NgayKetThucXuLy"`
	DonViXuLy              string            `json:"DonViXuLy"`
	GhiChu                 string            `json:"GhiChu"`
	TaiLieuNop             []File            `json:"TaiLieuNop"`
	DanhSachLePhi          []Fee             `json:"DanhSachLePhi"`
	NoiNopHoSo             string            `json:"NoiNopHoSo"`
	HoSoCoThanhPhanSoHoa   string            `json:"HoSoCoThanhPhanSoHoa"`
	DuocThanhToanTrucTuyen string            `json:"DuocThanhToanTrucTuyen"`
	DinhDanhCHS            []Identity        `json:"DinhDanhCHS"`
	DuLieuForm             map[string]string `json:"DuLieuForm"`
}

// A File is one paper of an item (thành phần hồ sơ).
type File struct {
	TepDinhKemId      string `json:"TepDinhKemId"`
	TenTepDinhKem     string `json:"TenTepDinhKem"`
	IsDeleted         string `json:"IsDeleted"`
	MaThanhPhanHoSo   string `json:"MaThanhPhanHoSo"`
	DuongDanTaiTepTin string `json:"DuongDanTaiTepTin"`
	DuocSoHoa         string `json:"DuocSoHoa"`
	DuocTaiSuDung     string `json:"DuocTaiSuDung"`
	DuocLayTuKhoDMQG  string `json:"DuocLayTuKhoDMQG"`
}

// A Fee is one fee of an item.
type Fee struct {
	TenPhiLePhi  string `json:"TenPhiLePhi"`
	MaPhiLePhi   string `json:"MaPhiLePhi"`
	HinhThucThu  string `json:"HinhThucThu"`
	Gia          string `json:"Gia"`
	LoaiPhiLePhi string `json:"LoaiPhiLePhi"`
}

// Identity is one document that names the applicant.
type Identity struct {
	LoaiDinhDanh string `json:"LoaiDinhDanh"` // 1: personal number
	SoDinhDanh   string `json:"SoDinhDanh"`
}

func (Item) String() string   { return "[item]" }
func (Item) GoString() string { return "[item]" }

// channels are KenhThucHien.
var channels = map[string]string{"direct": "1", "online": "2", "postal": "3"}

const (
	yes = "1"
	no  = "0"
)

// newItem maps a checked dossier. Fees stay out: their text is shown to people
// verbatim, and what is owed is One-Stop's to say (status 6).
func newItem(d dossier.Dossier, p *catalogue.Procedure, cat *catalogue.Catalogue, f findings, urls map[int]string) Item {
	item := Item{
		MaHoSoNguon:            string(d.Receipt),
		MaTTHC:                 d.Procedure,
		TenTTHC:                p.Official,
		MaLinhVuc:              p.Field.Code,
		TenLinhVuc:             p.Field.Name,
		KenhThucHien:           channels[d.Channel],
		ChuHoSo:                d.Applicant.Name,
		LoaiDoiTuong:           "1",
		SoGiayToChuHoSo:        d.Applicant.PIN,
		SoDienThoai:            phone(d, p),
		TrichYeuHoSo:           summary(d, p),
		NgayNopHoSo:            d.SubmittedAt.In(vietnam).Format(dateLayout),
		TrangThaiHoSo:          "1",
		DonViXuLy:              authority(d, p, cat),
		GhiChu:                 f.note(d),
		NoiNopHoSo:             d.Site,
		TaiLieuNop:             []File{},
		DanhSachLePhi:          []Fee{},
		HoSoCoThanhPhanSoHoa:   no,
		DuocThanhToanTrucTuyen: no,
		DinhDanhCHS:            []Identity{{LoaiDinhDanh: "1", SoDinhDanh: d.Applicant.PIN}},
		DuLieuForm:             d.Answers,
	}
	if item.TenTTHC == "" {
		item.TenTTHC = p.Name.VI
	}
	for _, paper := range d.Papers {
		item.TaiLieuNop = append(item.TaiLieuNop, files(d, paper, urls)...)
		if paper.How != "counter" {
			item.HoSoCoThanhPhanSoHoa = yes
		}
	}
	return item
}

// files lists a paper: one entry a page; the number and source of an
// e-certificate; or a paper that comes to the counter, with no file.
func files(d dossier.Dossier, p dossier.Paper, urls map[int]string) []File {
	base := File{TenTepDinhKem: p.Name, MaThanhPhanHoSo: p.Code, IsDeleted: no, DuocSoHoa: no, DuocTaiSuDung: no, DuocLayTuKhoDMQG: no}
	switch p.How {
	case "e-certificate":
		base.TepDinhKemId = p.Kind + ":" + p.Number
		base.DuocTaiSuDung, base.DuocLayTuKhoDMQG = yes, yes
	case "pages":
		var pages []File
		for _, n := range p.Parts {
			page := base
			page.TepDinhKemId = fmt.Sprintf("%s-%d", d.Receipt, n)
			page.DuocSoHoa, page.DuongDanTaiTepTin = yes, urls[n]
			pages = append(pages, page)
		}
		return pages
	}
	return []File{base}
}

// phone is the answer to the form's first question for one.
func phone(d dossier.Dossier, p *catalogue.Procedure) string {
	if p.Form == nil {
		return ""
	}
	for _, q := range p.Form.Questions {
		if q.Type == "phone" && d.Answers[q.Name] != "" {
			return d.Answers[q.Name]
		}
	}
	return ""
}

func summary(d dossier.Dossier, p *catalogue.Procedure) string {
	text := p.Name.VI
	if c, ok := p.Case(d.Case); ok && c.Name.VI != text {
		text += " – " + c.Name.VI
	}
	return cut(text, 1000)
}

// authority is who receives it: the procedure's kind of authority at the dossier's unit.
func authority(d dossier.Dossier, p *catalogue.Procedure, cat *catalogue.Catalogue) string {
	name := p.Authority.Name.VI
	if u, ok := cat.Unit(d.Unit); ok && (p.Authority.Kind == "commune-committee" || p.Authority.Kind == "commune-police") {
		name += " " + strings.ToLower(u.Name[:1]) + u.Name[1:] // "Ủy ban nhân dân phường Ba Đình"
	}
	return name
}

// cut shortens text to so many characters, at a character.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
