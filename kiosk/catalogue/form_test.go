package catalogue

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// chipOf is a synthetic card, under the names of ChipFields.
func chipOf(name, dob, sex, pin string) map[string]string {
	return map[string]string{
		"personName": name, "dateOfBirth": dob, "gender": sex, "idCode": pin, "nationality": "Việt Nam",
		"race": "Kinh", "religion": "Không", "originPlace": "Xã Mẫu, Huyện Thử, Hà Nội",
		"residencePlace": "Số 1 ngõ 2, Phường Ba Đình, Hà Nội", "issueDate": "12/08/2024", "expiryDate": "01/01/2039",
		"fatherName": "Nguyễn Văn Ông", "motherName": "Trần Thị Bà", "wifeName": "", "unitCode": "00004",
	}
}

// fill walks a form as a person would: each question in turn, taking what is
// proposed, else the answer given. It returns the final answers and the names
// that were asked.
func fill(t *testing.T, f *Form, chip, typed map[string]string) (answers map[string]string, asked []string) {
	t.Helper()
	answers = map[string]string{}
	for {
		open := slices.DeleteFunc(f.Asked(answers, chip), func(q *Question) bool {
			_, done := answers[q.Name]
			return done
		})
		if len(open) == 0 {
			return answers, asked
		}
		q := open[0]
		asked = append(asked, q.Name)
		value, ok := typed[q.Name]
		if !ok {
			value, _ = f.Proposal(q.Name, answers, chip)
		}
		canonical, err := q.Check(value, today)
		if err != nil {
			t.Fatalf("%s: %v (proposed or typed %q)", q.Name, err, value)
		}
		answers[q.Name] = canonical
	}
}

func TestBirth(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.001193")
	child := map[string]string{
		"nksHoTen": "Nguyễn Thử Bé", "nksGioiTinh": "Nữ", "nksNgaySinh": "1/11/2026",
		"nksNoiSinh": "Bệnh viện Mẫu, Hà Nội", "soBanSao": "2", "chaMeKetHon": "yes", "gcnkhSo": "12/2020",
	}
	mother := map[string]string{"meHoTen": "lê thị mẫu", "meNgaySinh": "1992", "meNoiCuTru": "Phường Ba Đình, Hà Nội"}
	father := map[string]string{"chaHoTen": "Nguyễn Văn Mẫu", "chaNgaySinh": "03/04/1990", "chaNoiCuTru": "Phường Ba Đình, Hà Nội", "chaSoDinhDanh": "001 090 000 011"}
	origin := map[string]string{"nksDanToc": "Tày", "nksQueQuan": "Xã Mẫu, Hà Nội"}

	for name, test := range map[string]struct {
		relation string
		chip     map[string]string
		typed    []map[string]string
		asked    int
		want     map[string]string
		absent   []string
	}{
		"father": {
			relation: "cha", chip: chipOf("NGUYỄN VĂN MẪU", "03/04/1990", "Nam", "001090000011"),
			typed: []map[string]string{child, mother}, asked: 23,
			want: map[string]string{
				"nycHoTen": "NGUYỄN VĂN MẪU", "chaHoTen": "NGUYỄN VĂN MẪU", "chaNgaySinh": "03/04/1990", "chaSoDinhDanh": "001090000011",
				"chaNoiCuTru": "Số 1 ngõ 2, Phường Ba Đình, Hà Nội", "meHoTen": "Lê Thị Mẫu", "meNgaySinh": "1992",
				"nksDanToc": "Kinh", "nksQueQuan": "Xã Mẫu, Huyện Thử, Hà Nội", "nycLoaiGiayTo": "Căn cước", "nycNoiCap": "Bộ Công an",
				"nksNgaySinhBangChu": "Ngày mồng một tháng mười một năm hai nghìn không trăm hai mươi sáu", "nycDonViCuTru": "00004",
			},
			absent: []string{"meSoDinhDanh", "nycEmail", "nycDienThoai"},
		},
		"father, not married": {
			relation: "cha", chip: chipOf("NGUYỄN VĂN MẪU", "03/04/1990", "Nam", "001090000011"),
			typed: []map[string]string{child, mother, {"chaMeKetHon": "no", "nksQueQuan": "Xã Mẹ, Hà Nội"}}, asked: 20,
			// The child's origin is then the mother's: the father's is not proposed.
			want: map[string]string{"nycHoTen": "NGUYỄN VĂN MẪU", "nycQuanHe": "cha", "nksQueQuan": "Xã Mẹ, Hà Nội"},
			absent: []string{
				"gcnkhSo", "gcnkhNgay", "gcnkhNoi", // he declares, and is not named without recognition
				"chaHoTen", "chaNgaySinh", "chaDanToc", "chaQuocTich", "chaNoiCuTru", "chaSoDinhDanh",
			},
		},
		"mother": {
			relation: "me", chip: chipOf("LÊ THỊ MẪU", "05/06/1992", "Nữ", "001192000012"),
			typed: []map[string]string{child, father}, asked: 23,
			want:   map[string]string{"meHoTen": "LÊ THỊ MẪU", "meSoDinhDanh": "001192000012", "chaHoTen": "Nguyễn Văn Mẫu", "chaSoDinhDanh": "001090000011"},
			absent: nil,
		},
		"mother alone": {
			relation: "me", chip: chipOf("LÊ THỊ MẪU", "05/06/1992", "Nữ", "001192000012"),
			typed: []map[string]string{child, {"chaMeKetHon": "no"}}, asked: 14,
			want:   map[string]string{"meHoTen": "LÊ THỊ MẪU"},
			absent: []string{"chaHoTen", "chaNgaySinh", "chaDanToc", "chaQuocTich", "chaNoiCuTru", "chaSoDinhDanh"},
		},
		"grandparent": {
			relation: "ong-ba", chip: chipOf("TRẦN THỊ BÀ", "1957", "Nữ", "001157000013"),
			typed: []map[string]string{child, mother, father, origin}, asked: 29,
			want: map[string]string{"nycHoTen": "TRẦN THỊ BÀ", "nycNgaySinh": "1957", "nksDanToc": "Tày", "nksQueQuan": "Xã Mẫu, Hà Nội", "meHoTen": "Lê Thị Mẫu", "chaHoTen": "Nguyễn Văn Mẫu"},
		},
		"a chip with gaps": { // what it lacks is asked
			relation: "cha", chip: map[string]string{"personName": "NGUYỄN VĂN MẪU", "idCode": "001090000011"},
			typed: []map[string]string{child, mother, origin, {
				"nycNgaySinh": "03/04/1990", "nycNgayCap": "12/08/2021", "nycNoiCuTru": "Hà Nội", "nycDonViCuTru": "00004",
			}}, asked: 27,
			want: map[string]string{"chaNgaySinh": "03/04/1990", "chaNoiCuTru": "Hà Nội", "chaDanToc": "Kinh", "nycLoaiGiayTo": "Căn cước công dân"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			typed := map[string]string{"nycQuanHe": test.relation}
			for _, m := range test.typed {
				maps.Copy(typed, m)
			}
			answers, asked := fill(t, p.Form, test.chip, typed)
			if len(asked) != test.asked {
				t.Errorf("%d questions asked, want %d: %v", len(asked), test.asked, asked)
			}
			final := p.Form.Complete(answers, test.chip)
			if err := p.ValidateAnswers(final, "1.001193.01", today); err != nil {
				t.Error(err)
			}
			if err := p.Form.CheckChip(final, test.chip); err != nil {
				t.Error(err)
			}
			for field, want := range test.want {
				if final[field] != want {
					t.Errorf("%s = %q, want %q", field, final[field], want)
				}
			}
			for _, field := range test.absent {
				if v, there := final[field]; there {
					t.Errorf("%s = %q, want none", field, v)
				}
			}
			if n := len(p.Form.Review(answers, test.chip)); n < len(final) {
				t.Errorf("the review has %d lines for %d answers", n, len(final))
			}
		})
	}
}

func TestAFatherWithoutAMarriageGivesTheChildNothing(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.001193")
	chip := chipOf("NGUYỄN VĂN MẪU", "03/04/1990", "Nam", "001090000011")
	for _, test := range []struct {
		relation, married string
		copied            bool
	}{{"cha", "yes", true}, {"cha", "no", false}, {"me", "no", true}, {"me", "yes", true}, {"ong-ba", "yes", false}} {
		for _, field := range []string{"nksDanToc", "nksQueQuan"} {
			_, source := p.Form.Proposal(field, map[string]string{"nycQuanHe": test.relation, "chaMeKetHon": test.married}, chip)
			if (source == "copy") != test.copied {
				t.Errorf("%s, married %s: %s comes from %q", test.relation, test.married, field, source)
			}
		}
	}
}

func TestSpouseIsProposedToTheOtherParentOnly(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.001193")
	chip := chipOf("NGUYỄN VĂN MẪU", "03/04/1990", "Nam", "001090000011")
	chip["wifeName"] = "LÊ THỊ MẪU"
	for relation, want := range map[string]string{"cha": "LÊ THỊ MẪU", "ong-ba": ""} {
		value, source := p.Form.Proposal("meHoTen", map[string]string{"nycQuanHe": relation}, chip)
		if value != want || (value != "") != (source == "chip") {
			t.Errorf("%s: proposed %q from %q, want %q", relation, value, source, want)
		}
	}
	asked := p.Form.Asked(map[string]string{"nycQuanHe": "cha"}, chip)
	if !slices.ContainsFunc(asked, func(q *Question) bool { return q.Name == "meHoTen" }) {
		t.Error("a proposal that is not the requester's own must be asked")
	}
}

// The address of the one who declares is a guess for the other parent: it says
// so ("copy", not "chip") and is asked; for the parent who declares it is no question.
func TestTheOtherParentsResidenceIsAGuess(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.001193")
	chip := chipOf("NGUYỄN VĂN MẪU", "03/04/1990", "Nam", "001090000011")
	for _, test := range []struct {
		relation, field, source string
		asked                   bool
	}{
		{"cha", "meNoiCuTru", "copy", true}, {"cha", "chaNoiCuTru", "copy", false},
		{"me", "chaNoiCuTru", "copy", true}, {"me", "meNoiCuTru", "copy", false},
		{"ong-ba", "meNoiCuTru", "", true}, {"ong-ba", "chaNoiCuTru", "", true},
	} {
		answers := map[string]string{"nycQuanHe": test.relation, "nycNoiCuTru": "Thôn Mới, Hà Nội", "chaMeKetHon": "yes"}
		value, source := p.Form.Proposal(test.field, answers, chip)
		if source != test.source || (source != "") != (value == "Thôn Mới, Hà Nội") {
			t.Errorf("%s, %s: proposed %q from %q, want from %q", test.relation, test.field, value, source, test.source)
		}
		asked := slices.ContainsFunc(p.Form.Asked(answers, chip), func(q *Question) bool { return q.Name == test.field })
		if asked != test.asked {
			t.Errorf("%s, %s: asked is %v", test.relation, test.field, asked)
		}
	}
}

func TestChangingTheRelationLeavesNothingBehind(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.001193")
	chip := chipOf("LÊ THỊ MẪU", "05/06/1992", "Nữ", "001192000012")
	answers := map[string]string{"nycQuanHe": "me", "chaMeKetHon": "yes", "gcnkhSo": "12/2020", "chaHoTen": "Nguyễn Văn Mẫu"}
	if got := p.Form.Complete(answers, chip); got["chaHoTen"] == "" || got["meHoTen"] != "LÊ THỊ MẪU" {
		t.Fatalf("before: %v", got)
	}
	answers["chaMeKetHon"], answers["nycQuanHe"] = "no", "ong-ba"
	got := p.Form.Complete(answers, chip)
	for _, field := range []string{"gcnkhSo", "chaHoTen", "meHoTen", "meSoDinhDanh"} {
		if got[field] != "" {
			t.Errorf("%s = %q is left", field, got[field])
		}
	}
	for _, r := range p.Form.Review(answers, chip) {
		if r.Question.Name == "chaHoTen" {
			t.Error("chaHoTen is still in the review")
		}
	}
}

func TestResidence(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.010041")
	if _, ok := p.Channel("direct"); ok {
		t.Error("1.010041 is online only")
	}
	chip := chipOf("NGUYỄN VĂN MẪU", "03/04/1990", "Nam", "001090000011")
	for name, test := range map[string]struct {
		typed map[string]string
		asked int
		want  map[string]string
	}{
		"head of household": {map[string]string{"laChuHo": "yes", "noiDungDeNghi": "thuong-tru"}, 7,
			map[string]string{"chuHoHoTen": "NGUYỄN VĂN MẪU", "chuHoSoDinhDanh": "001090000011", "nycGioiTinh": "Nam"}},
		"son": {map[string]string{"laChuHo": "no", "chuHoHoTen": "Nguyễn Văn Ông", "chuHoQuanHe": "con", "noiDungDeNghi": "tam-tru", "nycDienThoai": "+84 912 345 678"}, 10,
			map[string]string{"chuHoHoTen": "Nguyễn Văn Ông", "chuHoQuanHe": "con", "nycDienThoai": "0912345678"}},
	} {
		t.Run(name, func(t *testing.T) {
			answers, asked := fill(t, p.Form, chip, test.typed)
			if len(asked) != test.asked {
				t.Errorf("%d asked, want %d: %v", len(asked), test.asked, asked)
			}
			final := p.Form.Complete(answers, chip)
			if err := p.ValidateAnswers(final, "1.010041.01", today); err != nil {
				t.Error(err)
			}
			for field, want := range test.want {
				if final[field] != want {
					t.Errorf("%s = %q, want %q", field, final[field], want)
				}
			}
		})
	}
}

func TestValidateAnswers(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.010041")
	chip := chipOf("NGUYỄN VĂN MẪU", "03/04/1990", "Nam", "001090000011")
	answers, _ := fill(t, p.Form, chip, map[string]string{"laChuHo": "yes", "noiDungDeNghi": "thuong-tru"})
	good := p.Form.Complete(answers, chip)

	for name, test := range map[string]struct {
		change  func(map[string]string)
		caseIs  string
		field   string
		problem Problem
	}{
		"good":             {func(map[string]string) {}, "1.010041.01", "", ""},
		"no such case":     {func(map[string]string) {}, "1.010041.09", "case", ErrCase},
		"no case":          {func(map[string]string) {}, "", "case", ErrCase},
		"missing":          {func(m map[string]string) { delete(m, "noiDungDeNghi") }, "1.010041.01", "noiDungDeNghi", ErrRequired},
		"option":           {func(m map[string]string) { m["noiDungDeNghi"] = "tat-ca" }, "1.010041.01", "noiDungDeNghi", ErrOption},
		"not canonical":    {func(m map[string]string) { m["nycNgaySinh"] = "3/4/1990" }, "1.010041.01", "nycNgaySinh", ErrNotCanonical},
		"not asked":        {func(m map[string]string) { m["chuHoQuanHe"] = "con" }, "1.010041.01", "chuHoQuanHe", ErrNotAsked},
		"copy differs":     {func(m map[string]string) { m["chuHoHoTen"] = "Người Khác" }, "1.010041.01", "chuHoHoTen", ErrDerived},
		"unknown question": {func(m map[string]string) { m["x"] = "1" }, "1.010041.01", "form", ErrUnknownField},
		"future":           {func(m map[string]string) { m["nycNgaySinh"] = "24/11/2026" }, "1.010041.01", "nycNgaySinh", ErrDateFuture},
	} {
		t.Run(name, func(t *testing.T) {
			m := maps.Clone(good)
			test.change(m)
			err := p.ValidateAnswers(m, test.caseIs, today)
			if test.problem == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			found, ok := errors.AsType[*AnswerError](err)
			if !ok || found.Field != test.field || !errors.Is(err, test.problem) {
				t.Errorf("got %v, want %s: %s", err, test.field, test.problem)
			}
		})
	}
	// A wrong answer is named by its field, never by itself.
	m := maps.Clone(good)
	m["nycHoTen"], m["canary"] = "Chim Hoàng Yến 7", "Chim Hoàng Yến 8"
	if err := p.ValidateAnswers(m, "1.010041.01", today); err == nil || strings.Contains(err.Error(), "Yến") {
		t.Errorf("the error holds the answer: %v", err)
	}
	// Another card's name is no match for the chip.
	m = maps.Clone(good)
	m["nycHoTen"], m["chuHoHoTen"] = "Người Khác", "Người Khác"
	if err := p.ValidateAnswers(m, "1.010041.01", today); err != nil {
		t.Errorf("consistent in itself: %v", err)
	}
	if err := p.Form.CheckChip(m, chip); !errors.Is(err, ErrDerived) {
		t.Errorf("CheckChip: %v", err)
	}
	// A procedure without a form takes no answers.
	none, _ := embeddedCatalogue(t).Procedure("1.014063")
	if err := none.ValidateAnswers(nil, "", today); err != nil {
		t.Error(err)
	}
	if err := none.ValidateAnswers(map[string]string{"a": "b"}, "", today); !errors.Is(err, ErrUnknownField) {
		t.Errorf("answers without a form: %v", err)
	}
}

func TestPapersFor(t *testing.T) {
	p, _ := embeddedCatalogue(t).Procedure("1.001193")
	names := func(papers []Paper) string {
		var all []string
		for _, p := range papers {
			all = append(all, p.Code[len(p.Code)-4:])
		}
		return strings.Join(all, " ")
	}
	for _, test := range []struct {
		caseCode string
		answers  map[string]string
		want     string
	}{
		{"", nil, "4389 4389 3159 3208 3303 4946 3785"},
		{"1.001193.01", nil, "4389 3159 3208 3303 4946 3785"},
		{"1.001193.01", map[string]string{"nycQuanHe": "cha"}, "4389 3208 3303 4946 3785"},
		{"1.001193.02", map[string]string{"nycQuanHe": "uy-quyen"}, "4389 3159 3208 3303 4946 3785"},
	} {
		if got := names(p.PapersFor(test.caseCode, test.answers)); got != test.want {
			t.Errorf("%s %v: %s, want %s", test.caseCode, test.answers, got, test.want)
		}
	}
	e := p.PapersFor("1.001193.01", map[string]string{})[0].ECertificate
	for number, ok := range map[string]bool{"01234.GCS.26-12345": true, "": false, "a b": false, "<script>": false, strings.Repeat("1", 41): false} {
		if err := e.Check(number); (err == nil) != ok {
			t.Errorf("e-certificate %q: %v", number, err)
		}
	}
}
