package catalogue

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	name := Question{Type: TypeName, Required: true}
	date := Question{Type: TypeDate, Min: "-100y", Max: "today"}
	partial := Question{Type: TypeDate, Partial: true, Max: "-10y"}
	number := Question{Type: TypeNumber, Min: "1", Max: "20"}
	for _, test := range []struct {
		q       Question
		in, out string
		problem Problem
	}{
		{name, "  nguyễn   văn  an ", "Nguyễn Văn An", ""},
		{name, "NGUYỄN VĂN AN", "NGUYỄN VĂN AN", ""},
		{name, "H'Hen Niê", "H'Hen Niê", ""},
		{name, "Nguye\u0302\u0303n A", "Nguyễn A", ""}, // decomposed as some keyboards send it
		{name, "", "", ErrRequired},
		{name, " \t ", "", ErrRequired},
		{name, "An 2", "", ErrNameDigits},
		{name, "An; DROP", "", ErrLetters},
		{name, "An\x00", "", ErrLetters},
		{name, "\xff", "", ErrLetters},
		{name, strings.Repeat("a", 101), "", ErrTooLong},
		{name, strings.Repeat("a", 1<<20), "", ErrTooLong},
		{date, "1/2/2026", "01/02/2026", ""},
		{date, "01022026", "01/02/2026", ""},
		{date, "2026-02-01", "01/02/2026", ""},
		{date, "1.2.2026", "01/02/2026", ""},
		{date, "23/11/2026", "23/11/2026", ""},
		{date, "24/11/2026", "", ErrDateFuture},
		{date, "30/02/2026", "", ErrDate},
		{date, "29/02/2024", "29/02/2024", ""},
		{date, "29/02/2025", "", ErrDate},
		{date, "1/2/26", "", ErrDate},
		{date, "2026", "", ErrDate},
		{date, "01/01/1900", "", ErrDateEarly},
		{date, "", "", ""},
		{partial, "1957", "1957", ""},
		{partial, "5/1957", "05/1957", ""},
		{partial, "13/1957", "", ErrDate},
		{partial, "2020", "", ErrDateLate},
		{partial, "2016", "2016", ""}, // may still be ten years ago
		{number, "07", "7", ""},
		{number, "0", "", ErrTooSmall},
		{number, "21", "", ErrTooLarge},
		{number, "-1", "", ErrNumber},
		{number, "hai", "", ErrNumber},
		{Question{Type: TypeDigits}, "001 090 000 011", "001090000011", ""},
		{Question{Type: TypeDigits}, "00109000001x", "", ErrDigits},
		{Question{Type: TypePhone}, "+84 912.345-678", "0912345678", ""},
		{Question{Type: TypePhone}, "024 3333 4444", "02433334444", ""},
		{Question{Type: TypePhone}, "12345", "", ErrPhone},
		{Question{Type: TypeEmail}, "an@example.vn", "an@example.vn", ""},
		{Question{Type: TypeEmail}, "an@example", "", ErrEmail},
		{Question{Type: TypeEmail}, "An <an@example.vn>", "", ErrEmail},
		{Question{Type: TypeYesNo}, "yes", "yes", ""},
		{Question{Type: TypeYesNo}, "Có", "", ErrOption},
		{Question{Type: TypeUnit}, "00004", "00004", ""},
		{Question{Type: TypeUnit}, "4", "", ErrUnit},
		{Question{Type: TypeChoice, Options: []Option{{Value: "Nam"}}}, "Nam", "Nam", ""},
		{Question{Type: TypeChoice, Options: []Option{{Value: "Nam"}}}, "nam", "", ErrOption},
		{Question{Type: TypeText, MaxLength: 5}, "Tày", "Tày", ""},
		{Question{Type: TypeText, MaxLength: 5}, "Ba Na X", "", ErrTooLong},
	} {
		q := test.q
		q.Name = "field"
		got, err := q.Check(test.in, today)
		if got != test.out || (err == nil) != (test.problem == "") || err != nil && !errors.Is(err, test.problem) {
			t.Errorf("%s %.40q: %q, %v; want %q, %q", q.Type, test.in, got, err, test.out, test.problem)
		}
	}
}

// A day in Vietnam begins seven hours before it does in Greenwich.
func TestTodayIsVietnams(t *testing.T) {
	q := Question{Name: "f", Type: TypeDate, Max: "today"}
	lateEvening := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC) // 01:00 on the 23rd in Hanoi
	if _, err := q.Check("23/11/2026", lateEvening); err != nil {
		t.Error(err)
	}
	if _, err := q.Check("23/11/2026", lateEvening.Add(-2*time.Hour)); !errors.Is(err, ErrDateFuture) {
		t.Errorf("an hour before midnight: %v", err)
	}
}

func TestDateWords(t *testing.T) {
	for in, want := range map[string]string{
		"01/04/2026": "Ngày mồng một tháng tư năm hai nghìn không trăm hai mươi sáu",
		"10/10/2010": "Ngày mồng mười tháng mười năm hai nghìn không trăm mười",
		"21/12/1994": "Ngày hai mươi mốt tháng mười hai năm một nghìn chín trăm chín mươi tư",
		"15/01/2005": "Ngày mười lăm tháng một năm hai nghìn không trăm linh năm",
		"24/02/2000": "Ngày hai mươi tư tháng hai năm hai nghìn",
		"30/05/1955": "Ngày ba mươi tháng năm năm một nghìn chín trăm năm mươi lăm",
		"31/03/1911": "Ngày ba mươi mốt tháng ba năm một nghìn chín trăm mười một",
		"1957":       "", "31/02/2026": "", "1/2/2026": "", "": "",
	} {
		if got := DateWords(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestCardKindByDate(t *testing.T) {
	for issued, want := range map[string][2]string{
		"30/06/2024": {"Căn cước công dân", "Cục Cảnh sát quản lý hành chính về trật tự xã hội"},
		"01/07/2024": {"Căn cước", "Bộ Công an"},
		"":           {"", ""},
	} {
		if got := [2]string{cardKind(issued), cardIssuer(issued)}; got != want {
			t.Errorf("%s: %q", issued, got)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"", "Nguyễn Văn An", "1/2/2026", "+84 912 345 678", "a@b.vn", "007", "\xff\xfe", "e\u0301\u0323", "ǅ", "ſ'x", "٣"} {
		f.Add(s, uint8(0), false)
	}
	types := []string{TypeText, TypeName, TypeDate, TypeChoice, TypeNumber, TypeDigits, TypePhone, TypeEmail, TypeUnit, TypeYesNo}
	f.Fuzz(func(t *testing.T, s string, kind uint8, partial bool) {
		q := Question{Name: "f", Type: types[int(kind)%len(types)], Partial: partial, Options: []Option{{Value: "Nam"}}}
		if q.Type == TypeDate {
			q.Max = "today"
		}
		once, err := q.Check(s, today)
		if err != nil {
			if _, ok := errors.AsType[*AnswerError](err); !ok || once != "" {
				t.Fatalf("%q: %q, %v", s, once, err)
			}
			return
		}
		twice, err := q.Check(once, today)
		if err != nil || twice != once {
			t.Fatalf("%s %q gives %q, which gives %q, %v", q.Type, s, once, twice, err)
		}
	})
}
