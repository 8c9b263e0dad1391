package catalogue

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"
)

type nationalRow struct{ Code, Name, Field string }

func nationalList(t testing.TB) map[string]nationalRow {
	t.Helper()
	rows := map[string]nationalRow{}
	for line := range bytes.Lines(sharedData(t, "procedures.jsonl")) {
		var r nationalRow
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		rows[r.Code] = r
	}
	return rows
}

func TestSearch(t *testing.T) {
	c := embeddedCatalogue(t)
	for query, want := range map[string]string{
		"khai sinh":             "1.001193",
		"Đăng ký khai sinh":     "1.001193",
		"dang ki khai sinh":     "1.001193",
		"khai sin":              "1.001193", // unfinished
		"passp":                 "1.001456", // only begun
		"khai s":                "1.001193",
		"con d":                 "2.001428",
		"khia sinh":             "1.001193", // swapped
		"khaisinh":              "1.001193", // run together
		"khasinh":               "1.001193", // run together and mistyped
		"sinh khai":             "1.001193", // the other way round
		"em be":                 "1.001193",
		"khai tử":               "1.000656",
		"chung tu":              "1.000656",
		"lay vo":                "1.000894",
		"doc than":              "1.004873",
		"giay doc thna":         "1.004873",
		"sao khai sinh":         "2.000635",
		"nhap khau":             "1.004222",
		"thuong tru":            "1.004222",
		"tam tru":               "1.004194",
		"phong tro":             "1.004194",
		"gia han tam tru":       "1.002755",
		"tach khau":             "1.010038",
		"xac nhan cu tru":       "1.010041",
		"CT07":                  "1.010041",
		"doi can cuoc":          "1.014063",
		"mat can cuoc":          "1.014064",
		"can cuoc het han":      "1.014063",
		"cmnd":                  "1.012566",
		"ho chieu":              "1.001456",
		"passport":              "1.001456",
		"ly lich tu phap":       "3.000333",
		"so do":                 "1.013978",
		"sang ten so do":        "1.013980",
		"bhyt":                  "1.014137",
		"that nghiep":           "1.014748",
		"ma so thue":            "1.008498",
		"sao y":                 "2.000815",
		"cong chung":            "2.000815",
		"bang lai":              "3.000347",
		"mat bang lai":          "3.000348",
		"phat nguoi":            "nop-phat-giao-thong",
		"con dau":               "2.001428",
		"mac dien":              "3.000001",
		"mai tang phi":          "2.002913",
		"2.002621":              "3.000722", // a code of before
		"1.001193":              "1.001193",
		"birth":                 "1.001193",
		"thi tot nghiep":        "1.005142",
		"xet tuyen dai hoc":     "1.001942",
		"dang ky xe may":        "1.012575",
		"xoa khau":              "1.003197",
		"khach san luu tru":     "2.001159",
		"tam vang":              "1.003677",
		"đổi tên hợp đồng điện": "3.000099",
	} {
		var codes []string
		for _, p := range c.Search(query) {
			codes = append(codes, p.Code)
		}
		if at := slices.Index(codes, want); at < 0 || at > 2 {
			t.Errorf("%q: %s is not in the first three of %v", query, want, codes)
		}
	}
	for _, query := range []string{"", "   ", "!!!", "zzzzqqqq", "\xff\xfe"} {
		if got := c.Search(query); len(got) != 0 {
			t.Errorf("%q finds %d", query, len(got))
		}
	}
}

// Few rather than junk: what only begins alike, or is one letter away from a
// word that is one already, is not found.
func TestSearchFindsNoJunk(t *testing.T) {
	c := embeddedCatalogue(t)
	for _, test := range []struct {
		query, first string
		most         int
		not          []string
	}{
		{"ly hôn", "1.004873", 3, []string{"3.000347", "1.013978", "3.000333"}},
		{"xe máy", "1.012575", 3, []string{"3.000001"}},
		{"em bé", "1.001193", 3, []string{"1.014748"}},
		{"kết hôn", "1.000894", 4, []string{"1.002755", "1.013978"}},
		{"độc thân", "1.004873", 3, []string{"3.000099"}},
		{"tôi muốn làm khai sinh cho con", "1.001193", 4, []string{"1.005142"}},
	} {
		var codes []string
		for _, p := range c.Search(test.query) {
			codes = append(codes, p.Code)
		}
		if len(codes) == 0 || codes[0] != test.first || len(codes) > test.most || shareAny(codes, test.not) {
			t.Errorf("%q: %v, want %s first, at most %d, none of %v", test.query, codes, test.first, test.most, test.not)
		}
	}
}

func TestOneTypo(t *testing.T) {
	for _, pair := range [][2]string{{"sinh", "snih"}, {"sinh", "sin"}, {"sinh", "sinhh"}, {"sinh", "sanh"}, {"ab", "ba"}} {
		if !oneTypo(pair[0], pair[1]) || !oneTypo(pair[1], pair[0]) {
			t.Errorf("%v is one typo", pair)
		}
	}
	for _, pair := range [][2]string{{"sinh", "si"}, {"sinh", "hnis"}, {"sinh", "sank"}, {"", "ab"}} {
		if oneTypo(pair[0], pair[1]) || oneTypo(pair[1], pair[0]) {
			t.Errorf("%v is more than one typo", pair)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Đăng ký KHAI SINH": "dang ky khai sinh", "ưỡ Ệ ặ": "uo e a", "Nguye\u0302\u0303n": "nguyen",
	} {
		if got := Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// nationalIndex is an index over names alone, which is all the list has.
func nationalIndex(t testing.TB) (*Index, []string) {
	t.Helper()
	var entries []Entry
	var codes []string
	for line := range bytes.Lines(sharedData(t, "procedures.jsonl")) {
		var r nationalRow
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		codes = append(codes, r.Code)
		entries = append(entries, Entry{Texts: []WeightedText{{r.Name, 1}, {r.Code, 1}, {r.Field, 0.3}}})
	}
	return NewIndex(entries), codes
}

var nationalQueries = map[string]string{
	"dang ky khai sinh":               "1.001193",
	"dang ki khai tu":                 "1.000656",
	"đăng ký kết hôn":                 "1.000894",
	"xac nhan tinh trang hon nhan":    "1.004873",
	"dang ky thuong tru":              "1.004222",
	"dang ky tam tru":                 "1.004194",
	"gia han tam tru":                 "1.002755",
	"khai bao tam vang":               "1.003677",
	"thong bao luu tru":               "2.001159",
	"tach ho":                         "1.010038",
	"xac nhan thong tin cu tru":       "1.010041",
	"cap doi the can cuoc":            "1.014063",
	"cap lai the can cuoc":            "1.014064",
	"cap lai the cna cuoc":            "1.014064",
	"ho chieu pho thong trong nuoc":   "1.001456",
	"ly lich tu phap":                 "3.000333",
	"doi giay phep lai xe":            "3.000347",
	"cap lai giay phep lai xe":        "3.000348",
	"the bao hiem y te":               "1.014137",
	"tro cap that nghiep":             "1.014748",
	"du thi tot nghiep trung hoc":     "1.005142",
	"cap dien moi ha ap":              "3.000001",
	"chu the hop dong mua ban dien":   "3.000099",
	"mau con dau moi":                 "2.001428",
	"xoa dang ky thuong tru":          "1.003197",
	"trich luc ho tich":               "2.000635",
	"chung thuc ban sao tu ban chinh": "2.000815",
	"so chung minh nhan dan 09 so":    "1.012566",
	"dang ky thue lan dau ca nhan":    "1.008498",
	"chuoi cung ung ban dan":          "3.000616",
}

// The bar (bars.md): right one in the first five for 95 % of the queries, p99 ≤ 5 ms. The
// time is a figure of `make bench`, here it is only kept from being absurd.
func TestSearchTheNationalList(t *testing.T) {
	x, codes := nationalIndex(t)
	missed := 0
	var worst time.Duration
	for query, want := range nationalQueries {
		start := time.Now()
		hits := x.Search(query, 5)
		worst = max(worst, time.Since(start))
		if !slices.ContainsFunc(hits, func(i int) bool { return codes[i] == want }) {
			missed++
			t.Logf("%q: %s is not in the first five", query, want)
		}
	}
	if missed*20 > len(nationalQueries) {
		t.Errorf("%d of %d queries miss", missed, len(nationalQueries))
	}
	t.Logf("%d queries over %d names, slowest %v", len(nationalQueries), len(codes), worst)
}

func BenchmarkSearch(b *testing.B) {
	x, _ := nationalIndex(b)
	var queries []string
	for q := range nationalQueries {
		queries = append(queries, q)
	}
	slices.Sort(queries)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		x.Search(queries[i%len(queries)], 10)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func FuzzSearch(f *testing.F) {
	c, err := Embedded(today)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "khai sinh", "khia sihn", "1.001193", "...", "\xff", "ộ", "yyyyyyyy"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		if got := c.Search(q); len(got) > 10 {
			t.Fatalf("%q finds %d", q, len(got))
		}
	})
}
