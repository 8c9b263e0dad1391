package onestopsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// An Item is one dossier in the shape of DongBoHoSoMC, every field of it. The
// types here are this system's own, not the gateway's: what the gateway sends is read strictly.
type Item struct {
	MaHoSo                 string            `json:"MaHoSo"` // empty when sent; the code from here on
	MaHoSoNguon            string            `json:"MaHoSoNguon"`
	MaTTHC                 string            `json:"MaTTHC"`
	TenTTHC                string            `json:"TenTTHC"`
	MaLinhVuc              string            `json:"MaLinhVuc"`
	TenLinhVuc             string            `json:"TenLinhVuc"`
	KenhThucHien           string            `json:"KenhThucHien"` // 1 direct, 2 online, 3 postal
	ChuHoSo                string            `json:"ChuHoSo"`
	LoaiDoiTuong           string            `json:"LoaiDoiTuong"`
	MaDoiTuong             string            `json:"MaDoiTuong"`
	SoGiayToChuHoSo        string            `json:"SoGiayToChuHoSo"`
	SoDienThoai            string            `json:"SoDienThoai"`
	TrichYeuHoSo           string            `json:"TrichYeuHoSo"`
	NgayNopHoSo            string            `json:"NgayNopHoSo"`
	NgayTiepNhan           string            `json:"NgayTiepNhan"`
	NgayHenTra             string            `json:"NgayHenTra"`
	TrangThaiHoSo          string            `json:"TrangThaiHoSo"`
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

	// TepDaTai is this system's own: the bytes of each file it has fetched, by TepDinhKemId.
	TepDaTai map[string]int `json:"TepDaTai,omitempty"`
}

// A File is one paper of an item.
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
	LoaiDinhDanh string `json:"LoaiDinhDanh"`
	SoDinhDanh   string `json:"SoDinhDanh"`
}

var (
	procedurePattern = regexp.MustCompile(`^\d\.\d{6}$`)
	sourcePattern    = regexp.MustCompile(`^[0-9A-Z-]{1,40}$`)
	agencyPattern    = regexp.MustCompile(`^[0-9A-Z]+(\.[0-9A-Z]+)*$`)
)

// check says what is wrong with a new item, naming the field, or "".
func (i *Item) check() string {
	switch {
	case i.MaHoSo != "":
		return "MaHoSo: hồ sơ mới không mang mã"
	case !sourcePattern.MatchString(i.MaHoSoNguon):
		return "MaHoSoNguon: thiếu hoặc sai"
	case !procedurePattern.MatchString(i.MaTTHC):
		return "MaTTHC: thiếu hoặc sai"
	case i.TenTTHC == "":
		return "TenTTHC: thiếu"
	case !slices.Contains([]string{"1", "2", "3"}, i.KenhThucHien):
		return "KenhThucHien: chỉ nhận 1, 2, 3"
	case strings.TrimSpace(i.ChuHoSo) == "":
		return "ChuHoSo: thiếu"
	case utf8.RuneCountInString(i.TrichYeuHoSo) > 1000:
		return "TrichYeuHoSo: quá 1000 ký tự"
	case i.NgayNopHoSo == "":
		return "NgayNopHoSo: thiếu"
	case i.NgayTiepNhan != "":
		return "NgayTiepNhan: do hệ thống một cửa ghi"
	case i.TrangThaiHoSo != "" && i.TrangThaiHoSo != "1":
		return "TrangThaiHoSo: hồ sơ mới chỉ có trạng thái 1"
	}
	for _, f := range i.TaiLieuNop {
		if f.DuocSoHoa == "1" && !strings.HasPrefix(f.DuongDanTaiTepTin, "http://") && !strings.HasPrefix(f.DuongDanTaiTepTin, "https://") {
			return "DuongDanTaiTepTin: tệp đã số hóa cần đường dẫn tải"
		}
	}
	for _, d := range []struct{ name, value string }{
		{"NgayNopHoSo", i.NgayNopHoSo}, {"NgayHenTra", i.NgayHenTra},
		{"NgayTra", i.NgayTra}, {"NgayKetThucXuLy", i.NgayKetThucXuLy},
	} {
		if d.value == "" {
			continue
		}
		if _, err := time.ParseInLocation(dateLayout, d.value, Vietnam); err != nil {
			return fmt.Sprintf("%s: không đúng dạng yyyyMMddHHmmss", d.name)
		}
	}
	return ""
}
