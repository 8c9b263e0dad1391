package cardsim

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
)

// A Persona is an invented person with a card. Names, numbers and addresses
// are made up and occur with one persona only, so that a test can search logs
// and files for them.
type Persona struct {
	Name       string // what commands call it: "an"
	About      string // one line, for lists
	Model      string // "2021" or "2024"
	Holder     cccd.Identity
	NoPortrait bool

	expiry string // as the MRZ has it, YYMMDD
	look   look
	faults string // what is wrong with this card, as in [Options]
}

// Personas lists them all.
func Personas() []Persona { return slices.Clone(personas) }

// ByName finds one.
func ByName(name string) (Persona, bool) {
	i := slices.IndexFunc(personas, func(p Persona) bool { return p.Name == name })
	if i < 0 {
		return Persona{}, false
	}
	return personas[i], true
}

// CAN is the card access number: the last six digits of the PIN.
func (p Persona) CAN() string { return p.Holder.PIN[6:] }

// MRZ is the machine readable zone, three lines of thirty in one.
func (p Persona) MRZ() string { return mrz(p) }

// Key is what opens the card by its MRZ.
func (p Persona) Key() card.Key {
	k := p.mrzKey()
	return card.Key{MRZ: &k}
}

func (p Persona) mrzKey() card.MRZKey {
	d := p.Holder.DOB // dd/mm/yyyy
	return card.MRZKey{Number: p.Holder.PIN[3:], Birth: d[8:] + d[3:5] + d[:2], Expiry: p.expiry}
}

// QR is the text of the code on the card: seven fields in 2021, eleven in 2024.
func (p Persona) QR() string {
	h := p.Holder
	date := func(s string) string { return strings.ReplaceAll(s, "/", "") }
	text := strings.Join([]string{h.PIN, h.OldID, h.Name, date(h.DOB), h.Sex, h.Residence, date(h.Issued)}, "|")
	if p.Model == "2024" {
		text += "||||"
	}
	return text
}

// Secrets are all strings that tell who the persona is, for tests that look
// for leaks: numbers, names, addresses, and the line of the MRZ with the name.
func (p Persona) Secrets() []string {
	h := p.Holder
	street, _, _ := strings.Cut(h.Residence, ",")
	all := []string{h.PIN, h.PIN[3:], h.OldID, h.Name, strings.ToUpper(h.Name), plain(h.Name), h.Origin, h.Residence, street, h.Features,
		h.Father, h.Mother, h.Spouse, h.ChipID, strings.TrimRight(p.MRZ()[60:], "<")}
	if strings.Contains(p.faults, "tampered-dg13") {
		all = append(all, tamperedName)
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// plain is a name as the MRZ writes it: capitals without diacritics.
func plain(name string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'Đ' || r == 'đ':
			return 'D'
		}
		return r
	}, norm.NFD.String(name)))
}

const (
	vietnam   = "Việt Nam"
	kinh      = "Kinh"
	noFaith   = "Không"
	unlimited = "Không thời hạn"
)

var personas = []Persona{
	{
		Name: "an", About: "man, 1999, card of 2021, everything on it", Model: "2021", expiry: "390520", look: look{skin: 2, hair: short},
		Holder: cccd.Identity{
			PIN: "001099012345", OldID: "013579246", Name: "Nguyễn Văn An", DOB: "20/05/1999", Sex: "Nam", Nationality: vietnam, Ethnicity: kinh, Religion: noFaith,
			Origin:    "Cổ Nhuế, Từ Liêm, Hà Nội",
			Residence: "Số 12 ngõ 34 phố Châu Long, Trúc Bạch, Ba Đình, Hà Nội",
			Features:  "Nốt ruồi cách 1 cm trên sau mép trái", Issued: "10/06/2022", Expires: "20/05/2039",
			Father: "Nguyễn Văn Ba", Mother: "Trần Thị Bốn", ChipID: "0123456789ABCDEF",
		},
	},
	{
		Name: "binh", About: "woman, 1944, card without expiry, spouse, old CMND", Model: "2021", expiry: "991231", look: look{skin: 1, hair: bun, old: true, glasses: true},
		Holder: cccd.Identity{
			PIN: "001144006789", OldID: "010246813", Name: "Trần Thị Bình", DOB: "03/02/1944", Sex: "Nữ", Nationality: vietnam, Ethnicity: kinh, Religion: "Phật giáo",
			Origin:    "Vạn Phúc, Hà Đông, Hà Nội",
			Residence: "Số 5 ngách 18/7 phố Hàng Bún, Nguyễn Trung Trực, Ba Đình, Hà Nội",
			Features:  "Sẹo chấm cách 2 cm dưới đuôi mắt phải", Issued: "15/04/2021", Expires: unlimited,
			Father: "Trần Văn Sáu", Mother: "Ngô Thị Bảy", Spouse: "Lê Quang Hòa", ChipID: "1A2B3C4D5E6F7081",
		},
	},
	{
		Name: "chi", About: "woman, 1995, card of 2024, eleven-field QR, no spouse, addresses over 127 bytes", Model: "2024", expiry: "350909", look: look{skin: 0, hair: long},
		Holder: cccd.Identity{
			PIN: "001195024680", Name: "Hoàng Thị Kim Chi", DOB: "09/09/1995", Sex: "Nữ", Nationality: vietnam, Ethnicity: "Tày", Religion: noFaith,
			Origin:    "Thôn Bản Mẫu Thượng, xã Mẫu Sơn Đông, huyện Thử Nghiệm Bắc, tỉnh Lạng Sơn (nay thuộc đơn vị hành chính mới)",
			Residence: "Căn hộ 2507, tòa nhà S3 khu đô thị Mẫu Xanh, số 99 đường Phạm Văn Đồng (kéo dài), tổ dân phố số 21, Cổ Nhuế 1, Bắc Từ Liêm, Hà Nội",
			Features:  "Nốt ruồi cách 0,5 cm dưới trước cánh mũi phải", Issued: "12/08/2024", Expires: "09/09/2035",
			Father: "Hoàng Văn Páo", Mother: "Nông Thị Slao", ChipID: "24C0FFEE24C0FFEE",
		},
	},
	{
		Name: "dung", About: "boy, 2021, child's card of 2024 without portrait", Model: "2024", expiry: "350815", NoPortrait: true,
		Holder: cccd.Identity{
			PIN: "001221013579", Name: "Phạm Minh Dũng", DOB: "15/08/2021", Sex: "Nam", Nationality: vietnam, Ethnicity: kinh, Religion: noFaith,
			Origin:    "Yên Sở, Hoàng Mai, Hà Nội",
			Residence: "Số 41 ngõ 102 phố Khuất Duy Tiến, Nhân Chính, Thanh Xuân, Hà Nội",
			Issued:    "20/11/2024", Expires: "15/08/2035", Father: "Phạm Đức Thịnh", Mother: "Lưu Thanh Vân", ChipID: "2021081520350815",
		},
	},
	{
		Name: "clone", About: "man, 1988, a copied chip: its keys do not match DG14 and DG15", Model: "2021", expiry: "280711", look: look{skin: 2, hair: short, glasses: true}, faults: "clone",
		Holder: cccd.Identity{
			PIN: "001088031415", OldID: "012718281", Name: "Vũ Đình Lân", DOB: "11/07/1988", Sex: "Nam", Nationality: vietnam, Ethnicity: kinh, Religion: noFaith,
			Origin:    "Đông Ngạc, Bắc Từ Liêm, Hà Nội",
			Residence: "Số 7 ngõ 89 phố Lạc Trung, Vĩnh Tuy, Hai Bà Trưng, Hà Nội",
			Features:  "Sẹo dài 1,5 cm trên cung mày trái", Issued: "02/03/2021", Expires: "11/07/2028",
			Father: "Vũ Đình Long", Mother: "Cao Thị Quy", Spouse: "Tạ Bích Phượng", ChipID: "C10AEDC10AEDC10A",
		},
	},
	{
		Name: "tampered", About: "woman, 1979, DG13 altered after signing", Model: "2021", expiry: "391224", look: look{skin: 1, hair: long}, faults: "tampered-dg13",
		Holder: cccd.Identity{
			PIN: "001179027182", OldID: "011618033", Name: "Đỗ Thị Mai", DOB: "24/12/1979", Sex: "Nữ", Nationality: vietnam, Ethnicity: kinh, Religion: "Công giáo",
			Origin:    "Thụy Khuê, Tây Hồ, Hà Nội",
			Residence: "Số 63 ngách 2 ngõ 15 phố Ngọc Lâm, Ngọc Lâm, Long Biên, Hà Nội",
			Features:  "Nốt ruồi cách 3 cm dưới sau mép phải", Issued: "08/07/2021", Expires: "24/12/2039",
			Father: "Đỗ Trọng Khang", Mother: "Lương Thị Hợi", Spouse: "Phan Huy Tùng", ChipID: "7A3F9E0D1C2B4A58",
		},
	},
	{
		Name: "stranger", About: "man, 1962, signed by an authority nobody knows", Model: "2021", expiry: "991231", look: look{skin: 2, hair: short, old: true}, faults: "unknown-csca",
		Holder: cccd.Identity{
			PIN: "001062016180", OldID: "010112358", Name: "Bùi Quang Sơn", DOB: "30/04/1962", Sex: "Nam", Nationality: vietnam, Ethnicity: "Mường", Religion: noFaith,
			Origin:    "Yên Bình, Thạch Thất, Hà Nội",
			Residence: "Số 28 ngõ 6 phố Bà Triệu, Nguyễn Trãi, Hà Đông, Hà Nội",
			Features:  "Sẹo chấm cách 1 cm trước tai trái", Issued: "19/05/2022", Expires: unlimited,
			Father: "Bùi Văn Đảo", Mother: "Đinh Thị Thơi", Spouse: "Hà Thị Nhuần", ChipID: "57A46E257A46E257",
		},
	},
	{
		Name: "expired", About: "woman, 1986, card ran out on 03/02/2026", Model: "2021", expiry: "260203", look: look{skin: 0, hair: bun},
		Holder: cccd.Identity{
			PIN: "001186005772", OldID: "012236067", Name: "Đặng Thu Hương", DOB: "03/02/1986", Sex: "Nữ", Nationality: vietnam, Ethnicity: kinh, Religion: noFaith,
			Origin:    "Bát Tràng, Gia Lâm, Hà Nội",
			Residence: "Số 90 ngõ 121 phố Kim Ngưu, Thanh Lương, Hai Bà Trưng, Hà Nội",
			Features:  "Nốt ruồi cách 2 cm trên sau cánh mũi trái", Issued: "25/06/2021", Expires: "03/02/2026",
			Father: "Đặng Xuân Bách", Mother: "Mai Thị Ngà", Spouse: "Trịnh Công Thành", ChipID: "E8B1E0E8B1E0E8B1",
		},
	},
}
