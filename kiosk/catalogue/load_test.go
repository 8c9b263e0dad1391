package catalogue

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var today = time.Date(2026, 11, 23, 9, 0, 0, 0, vietnam)

func embeddedCatalogue(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Embedded(today)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The list of services.md: Decision 06/QĐ-TTg with the codes of July 2026.
var essentials = map[int][]string{
	1: {"1.012566"}, 2: {"1.014063", "1.014064"}, 3: {"1.004222"}, 4: {"1.004194"}, 5: {"1.003677"}, 6: {"2.001159"},
	7: {"1.012575"}, 8: {"nop-phat-giao-thong"}, 9: {"2.001428"}, 10: {"2.001410"}, 11: {"1.001456"}, 12: {"1.001193"},
	13: {"1.000656"}, 14: {"1.000894"}, 15: {"3.000722"}, 16: {"2.002913"}, 17: {"1.008498"}, 18: {"1.013978", "1.013980"},
	19: {"3.000347", "3.000348"}, 20: {"1.005142", "1.001942"}, 21: {"1.014137"}, 22: {"1.014748"}, 23: {"3.000001"},
	24: {"3.000099"}, 25: {"3.000333"},
}

func TestEmbedded(t *testing.T) {
	c := embeddedCatalogue(t)
	if len(c.Version) != 64 {
		t.Errorf("version %q", c.Version)
	}
	if again := embeddedCatalogue(t); again.Version != c.Version {
		t.Error("the version is not the same twice")
	}
	wards, communes := 0, 0
	for _, u := range c.Units {
		switch {
		case strings.HasPrefix(u.Name, "Phường "):
			wards++
		case strings.HasPrefix(u.Name, "Xã "):
			communes++
		}
	}
	if len(c.Units) != 126 || wards != 51 || communes != 75 {
		t.Errorf("%d units, %d phường, %d xã; want 126, 51, 75", len(c.Units), wards, communes)
	}
	if u, ok := c.Unit("00004"); !ok || u.Name != "Phường Ba Đình" {
		t.Errorf("unit 00004: %v", u)
	}
	// A clock that says 1970 is wrong, and no reason to serve nobody.
	if old, err := Embedded(time.Unix(0, 0)); err != nil || len(old.Procedures()) != len(c.Procedures()) {
		t.Errorf("with a dead clock: %v", err)
	}
}

func TestEssentialServices(t *testing.T) {
	c := embeddedCatalogue(t)
	for number := 1; number <= 25; number++ {
		for _, code := range essentials[number] {
			p, ok := c.Procedure(code)
			if !ok {
				t.Errorf("essential service %d: %s is missing", number, code)
				continue
			}
			if p.Essential != number {
				t.Errorf("%s has number %d, want %d", code, p.Essential, number)
			}
			s, ok := c.ServiceOf(code)
			if !ok || !slices.Contains(s.Procedures, code) {
				t.Errorf("%s is on no line of the hall", code)
			}
		}
	}
	for _, p := range c.Procedures() {
		if p.Essential != 0 && !slices.Contains(essentials[p.Essential], p.Code) {
			t.Errorf("%s is not essential service %d of the list", p.Code, p.Essential)
		}
	}
	for _, code := range []string{"1.004873", "2.000635", "2.000815", "1.010038", "1.003197", "1.010041", "1.002755"} {
		if _, ok := c.Procedure(code); !ok {
			t.Errorf("%s, frequent at a commune desk, is missing", code)
		}
	}
	for code, offered := range map[string]string{"1.001193": "3.000722", "1.000656": "2.002913"} {
		if p, _ := c.Procedure(code); !slices.Contains(p.Offer, offered) {
			t.Errorf("%s does not offer %s", code, offered)
		}
	}
	for _, code := range []string{"1.000656", "2.002913"} {
		if p, _ := c.Procedure(code); p.Tone != "mourning" {
			t.Errorf("%s is about a death", code)
		}
	}
	for _, p := range c.Procedures() { // the screen says it by the tone; a note is also printed, as a step to take
		for _, n := range p.Notes {
			if strings.Contains(n.VI, "chia buồn") {
				t.Errorf("%s: %q is no step", p.Code, n.VI)
			}
		}
	}
	for _, p := range c.Procedures() {
		if whole := p.Code == "1.001193" || p.Code == "1.010041"; (p.Form != nil) != whole {
			t.Errorf("%s: form %v", p.Code, p.Form)
		}
	}
}

// Codes and official names are facts: they agree with the national list where that is at hand.
func TestNamesAgreeWithTheNationalList(t *testing.T) {
	national := nationalList(t)
	notInIt := map[string]bool{"3.000722": true, "2.002913": true, "nop-phat-giao-thong": true}
	for _, p := range embeddedCatalogue(t).Procedures() {
		row, ok := national[p.Code]
		switch {
		case !ok && !notInIt[p.Code]:
			t.Errorf("%s is not in the national list", p.Code)
		case ok && strings.Join(strings.Fields(row.Name), " ") != p.Official:
			t.Errorf("%s: %q, the list has %q", p.Code, p.Official, row.Name)
		case ok && row.Field != p.Field.Name:
			t.Errorf("%s: field %q, the list has %q", p.Code, p.Field.Name, row.Field)
		}
	}
}

func TestConsentsAndSlips(t *testing.T) {
	c := embeddedCatalogue(t)
	if k, ok := c.Consent("process"); !ok || !k.Required {
		t.Errorf("process: %+v", k)
	}
	if k, ok := c.Consent("contact"); !ok || k.Required {
		t.Errorf("contact: %+v", k)
	}
	for _, kind := range []string{"commune-committee", "commune-police", "province", "other"} {
		s, ok := c.Slip(kind)
		if !ok {
			t.Fatalf("no slip for %s", kind)
		}
		if s.Status.VI != "Đã gửi hồ sơ, chờ cán bộ tiếp nhận" {
			t.Errorf("%s claims %q", kind, s.Status.VI)
		}
		values := map[string]string{"unit": "Công an phường Mẫu", "from": "8:00 ngày 24/11/2026", "phone": "024 3333 4444", "site": "Điểm số 2"}
		for _, text := range slices.Concat(s.Next, s.NoPhone, []Text{s.Title, s.Status, s.Bring}) {
			for _, lang := range []string{"vi", "en"} {
				if got := text.Fill(values).In(lang); strings.ContainsAny(got, "{}") {
					t.Errorf("%s: %q is not filled", kind, got)
				}
			}
		}
		for _, text := range s.NoPhone {
			if strings.Contains(text.VI, "{phone}") {
				t.Errorf("%s: no_phone names the phone", kind)
			}
		}
	}
	if s, _ := c.Slip("commune-police"); s.Authority != "commune-police" {
		t.Errorf("the police have %q's slip", s.Authority)
	}
}

// small is a whole catalogue of one procedure, for faults to be planted in.
func small() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"services.yaml": file(`effective_from: "2026-01-01"
services:
  - code: ho-tich
    letter: A
    name: {vi: "Hộ tịch", en: "Civil status"}
    hint: {vi: "Khai sinh", en: "Births"}
    icon: family
    procedures: ["1.000001"]
`),
		"units.yaml": file(`effective_from: "2025-07-01"
units: [{code: "00004", name: "Phường Ba Đình"}]
`),
		"consents.yaml": file(`consents:
  - purpose: process
    version: "1"
    required: true
    text: {vi: "Đồng ý", en: "Agree"}
    consequence: {vi: "Không gửi", en: "Not sent"}
`),
		"slips.yaml": file(`slips:
  - authority: other
    version: "1"
    title: {vi: "Phiếu", en: "Slip"}
    status: {vi: "Đã gửi", en: "Sent"}
    bring: {vi: "Mang theo", en: "Bring"}
    next: [{vi: "Gọi {phone}", en: "Call {phone}"}]
`),
		"procedures/1.000001.yaml": file(`code: "1.000001"
name: {vi: "Thử", en: "Trial"}
official: "Thủ tục thử"
field: {name: "Hộ tịch"}
authority: {kind: commune-committee, name: {vi: "UBND", en: "Committee"}}
effective_from: "2026-01-01"
channels: [{kind: direct}]
cases: [{code: "1.000001.01", name: {vi: "Một", en: "One"}}]
papers: [{code: 000.00.00.G15-KQ000001, name: {vi: "Giấy", en: "Paper"}, cases: ["1.000001.01"]}]
requester: {min_age: 18, documents: [cccd], holder_check: none}
form:
  name: thu
  version: "1"
  sections: [{code: one, name: {vi: "Một", en: "One"}}]
  questions:
    - {name: hoTen, section: one, label: {vi: "Tên?", en: "Name?"}, short: {vi: "Tên", en: "Name"}, type: name, required: true, prefill: personName, locked: true}
    - {name: sinh, section: one, label: {vi: "Sinh?", en: "Born?"}, short: {vi: "Sinh", en: "Born"}, type: date, max: today}
    - {name: loai, section: one, label: {vi: "Loại?", en: "Kind?"}, short: {vi: "Loại", en: "Kind"}, type: choice, options: [{value: a, label: {vi: "A", en: "A"}}]}
    - {name: ghi, section: one, label: {vi: "Ghi?", en: "Note?"}, short: {vi: "Ghi", en: "Note"}, type: text, visible_when: {field: loai, in: [a]}}
`),
	}
}

func TestSmall(t *testing.T) {
	c, err := Load(small(), today)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Procedures()) != 1 {
		t.Errorf("%d procedures", len(c.Procedures()))
	}
}

func TestLoadErrorsNameFileFieldAndValue(t *testing.T) {
	const proc = "procedures/1.000001.yaml"
	for name, test := range map[string]struct{ file, old, new, field, value string }{
		"code":               {proc, `code: "1.000001"`, `code: "1.1"`, "code", "1.1"},
		"essential":          {proc, "requester:", "essential: 26\nrequester:", "essential", "26"},
		"no English":         {proc, `{vi: "Thử", en: "Trial"}`, `{vi: "Thử"}`, "name.en", ""},
		"no official":        {proc, `official: "Thủ tục thử"`, `official: ""`, "official", ""},
		"authority":          {proc, "kind: commune-committee", "kind: district", "authority.kind", "district"},
		"no start":           {proc, `effective_from: "2026-01-01"`, ``, "effective_from", ""},
		"ends before start":  {proc, `effective_from: "2026-01-01"`, "effective_from: \"2026-01-01\"\neffective_to: \"2025-01-01\"", "effective_to", "2025-01-01"},
		"channel":            {proc, "kind: direct", "kind: fax", "channels[0].kind", "fax"},
		"channel twice":      {proc, "[{kind: direct}]", "[{kind: direct}, {kind: direct}]", "channels[1].kind", "direct"},
		"form, no channel":   {proc, "[{kind: direct}]", "[]", "channels", ""},
		"half a fee":         {proc, "{kind: direct}", `{kind: direct, fee: {vi: "10"}}`, "channels[0].fee.en", ""},
		"case":               {proc, `{code: "1.000001.01", name`, `{code: "1.000002.01", name`, "cases[0].code", "1.000002.01"},
		"paper's case":       {proc, `cases: ["1.000001.01"]}`, `cases: ["1.000001.07"]}`, "papers[0].cases", "1.000001.07"},
		"paper's code":       {proc, "000.00.00.G15-KQ000001", "giay", "papers[0].code", "giay"},
		"paper's condition":  {proc, `cases: ["1.000001.01"]}]`, `when: {field: khac, in: [a]}}]`, "papers[0].when.field", "khac"},
		"e-certificate":      {proc, `cases: ["1.000001.01"]}`, `e_certificate: {kind: giay, label: {vi: "Mã", en: "No"}, pattern: "["}}`, "papers[0].e_certificate.pattern", "["},
		"holder":             {proc, "holder_check: none", "holder_check: look", "requester.holder_check", "look"},
		"document":           {proc, "[cccd]", "[bus-pass]", "requester.documents", "bus-pass"},
		"age":                {proc, "min_age: 18", "min_age: 180", "requester.min_age", "180"},
		"tone":               {proc, "requester:", "tone: jolly\nrequester:", "tone", "jolly"},
		"kind":               {proc, "requester:", "kind: payment\nrequester:", "kind", "payment"},
		"type":               {proc, "type: text", "type: essay", "form.questions[ghi].type", "essay"},
		"field name":         {proc, "name: ghi", "name: ghiChú", "form.questions[ghiChú].name", "ghiChú"},
		"question twice":     {proc, "name: ghi", "name: sinh", "form.questions[sinh].name", "sinh"},
		"section":            {proc, "name: ghi, section: one", "name: ghi, section: two", "form.questions[ghi].section", "two"},
		"prefill":            {proc, "prefill: personName", "prefill: name", "form.questions[hoTen].prefill", "name"},
		"locked to nothing":  {proc, "prefill: personName, locked: true", "locked: true", "form.questions[hoTen].locked", "true"},
		"visible_when":       {proc, "{field: loai, in: [a]}", "{field: loại, in: [a]}", "form.questions[ghi].visible_when.field", "loại"},
		"lock of nothing":    {proc, "type: date, max: today", "type: date, lock_when: {field: loai, in: [a]}", "form.questions[sinh].lock_when", ""},
		"never holds":        {proc, "{field: loai, in: [a]}", "{field: loai, in: [a, zzz]}", "form.questions[ghi].visible_when.in[1]", "zzz"},
		"paper never wanted": {proc, `cases: ["1.000001.01"]}]`, `when: {field: loai, in: [zzz]}}]`, "papers[0].when.in[0]", "zzz"},
		"not a date":         {proc, `effective_from: "2026-01-01"`, "effective_from: 1 July # soon", "effective_from", "1 July"},
		"no such day":        {proc, `effective_from: "2026-01-01"`, "effective_from: \"2026-02-30\"", "effective_from", "2026-02-30"},
		"a year only":        {proc, `effective_from: "2026-01-01"`, "effective_from: 2026", "effective_from", "2026"},
		"consent's date":     {"consents.yaml", "required: true", "required: true\n    effective_from: soon", "consents[0].effective_from", "soon"},
		"looks ahead":        {proc, "type: date, max: today", "type: date, visible_when: {field: loai, in: [a]}", "form.questions[sinh].visible_when.field", "loai"},
		"empty condition":    {proc, "{field: loai, in: [a]}", "{}", "form.questions[ghi].visible_when", ""},
		"condition of two":   {proc, "{field: loai, in: [a]}", "{field: loai, in: [a], any: [{field: loai, in: [a]}]}", "form.questions[ghi].visible_when", "loai"},
		"in missing":         {proc, "{field: loai, in: [a]}", "{field: loai}", "form.questions[ghi].visible_when.in", ""},
		"inner condition":    {proc, "{field: loai, in: [a]}", "{any: [{field: khac, in: [a]}]}", "form.questions[ghi].visible_when.[0].field", "khac"},
		"copy_of":            {proc, "type: text,", "type: text, copy_of: ten,", "form.questions[ghi].copy_of", "ten"},
		"copy of other type": {proc, "type: text,", "type: text, copy_of: hoTen,", "form.questions[ghi].copy_of", "hoTen"},
		"copy_when alone":    {proc, "type: text,", "type: text, copy_when: {field: loai, in: [a]},", "form.questions[ghi].copy_when", ""},
		"prefill_when alone": {proc, "type: text,", "type: text, prefill_when: {field: loai, in: [a]},", "form.questions[ghi].prefill_when", ""},
		"pattern":            {proc, "type: text,", `type: text, pattern: "(",`, "form.questions[ghi].pattern", "("},
		"no options":         {proc, `options: [{value: a, label: {vi: "A", en: "A"}}]`, "options: []", "form.questions[loai].options", "0"},
		"options of a text":  {proc, "type: text,", `type: text, options: [{value: a, label: {vi: "A", en: "A"}}],`, "form.questions[ghi].options", "1"},
		"max":                {proc, "max: today", "max: tomorrow", "form.questions[sinh].max", "tomorrow"},
		"max of a text":      {proc, "type: text,", `type: text, max: "3",`, "form.questions[ghi].max", "3"},
		"partial text":       {proc, "type: text,", "type: text, partial: true,", "form.questions[ghi].partial", "true"},
		"default":            {proc, "type: date,", "type: date, default: hôm nay,", "form.questions[sinh].default", "hôm nay"},
		"skip and required":  {proc, "type: name,", `type: name, skip: {vi: "Bỏ", en: "Skip"},`, "form.questions[hoTen].skip", "Bỏ"},
		"derive":             {proc, "type: text,", "type: text, derive: guess,", "form.questions[ghi].derive", "guess"},
		"derive of nothing":  {proc, "type: text,", `type: text, derive: "date-words:ngay",`, "form.questions[ghi].derive", "date-words:ngay"},
		"derive off card":    {proc, "type: text,", `type: text, derive: "card:shoeSize",`, "form.questions[ghi].derive", "shoeSize"},
		"max_length":         {proc, "type: text,", "type: text, max_length: 5000,", "form.questions[ghi].max_length", "5000"},
		"offer":              {proc, "requester:", "offer: [\"1.000009\"]\nrequester:", "offer", "1.000009"},
		"offers itself":      {proc, "requester:", "offer: [\"1.000001\"]\nrequester:", "offer", "1.000001"},
		"replaces":           {proc, "requester:", "replaces: [x]\nrequester:", "replaces", "x"},

		"service code":        {"services.yaml", "code: ho-tich", "code: Hộ tịch", "services[0].code", "Hộ tịch"},
		"letter":              {"services.yaml", "letter: A", "letter: Đ", "services[0].letter", "Đ"},
		"icon":                {"services.yaml", "icon: family", "icon: smile", "services[0].icon", "smile"},
		"service's procedure": {"services.yaml", `["1.000001"]`, `["1.000001", "1.000002"]`, "services[0].procedures", "1.000002"},
		"procedure twice":     {"services.yaml", `["1.000001"]`, `["1.000001", "1.000001"]`, "services[0].procedures", "1.000001"},
		"services later":      {"services.yaml", "2026-01-01", "2027-01-01", "effective_from", "2027-01-01"},
		"unit code":           {"units.yaml", `"00004"`, `"4"`, "units[0].code", "4"},
		"consent":             {"consents.yaml", "required: true", "required: false", "consents", ""},
		"slip":                {"slips.yaml", "authority: other", "authority: commune-police", "slips", ""},
		"placeholders":        {"slips.yaml", "Call {phone}", "Call us", "slips[0].next[0]", "[{phone}] []"},
	} {
		t.Run(name, func(t *testing.T) {
			files := small()
			before := string(files[test.file].Data)
			after := strings.Replace(before, test.old, test.new, 1)
			if after == before {
				t.Fatalf("%q is not in %s", test.old, test.file)
			}
			files[test.file] = &fstest.MapFile{Data: []byte(after)}
			_, err := Load(files, today)
			if !hasLoadError(err, test.file, test.field, test.value) {
				t.Errorf("got %v\nwant %s: %s: %q", err, test.file, test.field, test.value)
			}
		})
	}
}

func hasLoadError(err error, file, field, value string) bool {
	found := false
	eachError(err, func(e *LoadError) {
		found = found || e.File == file && e.Field == field && e.Value == value
	})
	return found
}

func eachError(err error, visit func(*LoadError)) {
	switch e := err.(type) {
	case nil:
	case *LoadError:
		visit(e)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			eachError(inner, visit)
		}
	case interface{ Unwrap() error }:
		eachError(e.Unwrap(), visit)
	}
}

func TestBrokenFiles(t *testing.T) {
	for name, test := range map[string]struct {
		file, text, says string
	}{
		"unknown field":  {"units.yaml", "effective_from: \"2025-07-01\"\ncolour: red\nunits: []\n", `unknown field "colour"`},
		"repeated field": {"units.yaml", "effective_from: \"2025-07-01\"\nunits: []\nunits: []\n", "units"},
		"no YAML":        {"units.yaml", "{", ""},
		"empty":          {"units.yaml", "", "empty"},
		"anchor":         {"units.yaml", "units: &a [*a]\n", "not allowed"},
		"tag":            {"units.yaml", "units: !!binary aaaa\n", "not allowed"},
		"two documents":  {"units.yaml", "units: []\n---\nunits: []\n", "more than one document"},
		"deep":           {"units.yaml", "units: " + strings.Repeat("[", 1000), "too deep"},
		"huge":           {"units.yaml", "# " + strings.Repeat("x", maxFile), "larger than"},
		"no UTF-8":       {"units.yaml", "units: \"\xff\"\n", "UTF-8"},
		"control":        {"units.yaml", "units: \"\x07\"\n", "UTF-8"},
		"bad date":       {"units.yaml", "effective_from: 1 July\n", "not a date"},
		"other name":     {"procedures/1.000002.yaml", "code: \"1.000001\"\n", "the file is named for 1.000002"},
		"not yaml":       {"procedures/README", "x", "not a .yaml file"},
	} {
		t.Run(name, func(t *testing.T) {
			files := small()
			files[test.file] = &fstest.MapFile{Data: []byte(test.text)}
			_, err := Load(files, today)
			if err == nil || !strings.Contains(err.Error(), test.file) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %s: … %s", err, test.file, test.says)
			}
		})
	}
	files := small()
	delete(files, "slips.yaml")
	if _, err := Load(files, today); err == nil || !strings.Contains(err.Error(), "slips.yaml") {
		t.Errorf("missing file: %v", err)
	}
}

func TestEveryProcedureHasALine(t *testing.T) {
	files := small()
	f := files["services.yaml"]
	f.Data = []byte(strings.Replace(string(f.Data), `["1.000001"]`, "[]", 1))
	_, err := Load(files, today)
	if !hasLoadError(err, "procedures/1.000001.yaml", "code", "1.000001") {
		t.Errorf("a procedure nobody serves: %v", err)
	}
}

func TestAllLoadErrorsAtOnce(t *testing.T) {
	files := small()
	for file, f := range files {
		f.Data = []byte(strings.NewReplacer("icon: family", "icon: x", `"00004"`, `"4"`, "purpose: process", "purpose: X Y", "kind: direct", "kind: fax").Replace(string(f.Data)))
		files[file] = f
	}
	_, err := Load(files, today)
	n := 0
	eachError(err, func(*LoadError) { n++ })
	if n != 4 {
		t.Errorf("%d errors, want 4: %v", n, err)
	}
}

func TestWhatIsInForce(t *testing.T) {
	files := small()
	text := string(files["procedures/1.000001.yaml"].Data)
	until := strings.Replace(text, `effective_from: "2026-01-01"`, "effective_from: \"2026-01-01\"\neffective_to: \"2026-11-30\"", 1)
	files["procedures/1.000001.yaml"] = &fstest.MapFile{Data: []byte(until)}
	files["procedures/1.000001@2.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(strings.Replace(text, "2026-01-01", "2026-12-01", 1), "Thủ tục thử", "Thủ tục mới", 1))}
	for day, want := range map[string]string{"2026-11-30": "Thủ tục thử", "2026-12-01": "Thủ tục mới"} {
		on, _ := time.Parse(time.DateOnly, day)
		c, err := Load(files, on)
		if err != nil {
			t.Fatal(err)
		}
		if p, _ := c.Procedure("1.000001"); p.Official != want {
			t.Errorf("on %s: %q", day, p.Official)
		}
		if day == "2026-11-30" && c.NextChange.String() != "2026-12-01" {
			t.Errorf("next change %q", c.NextChange)
		}
	}
	// Both at once is a mistake.
	files["procedures/1.000001.yaml"] = &fstest.MapFile{Data: []byte(text)}
	if _, err := Load(files, today.AddDate(0, 1, 0)); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("two in force: %v", err)
	}
	// None at all is not: the tile stays, without it.
	files = small()
	files["procedures/1.000001.yaml"] = &fstest.MapFile{Data: []byte(until)}
	c, err := Load(files, today.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := c.Service("ho-tich"); len(s.Procedures) != 0 || len(c.Procedures()) != 0 {
		t.Errorf("still there: %v", s.Procedures)
	}
}

func TestVersionFollowsTheContent(t *testing.T) {
	a, err := Load(small(), today)
	if err != nil {
		t.Fatal(err)
	}
	files := small()
	files["units.yaml"].Data = append(files["units.yaml"].Data, "# a word more\n"...)
	b, err := Load(files, today)
	if err != nil {
		t.Fatal(err)
	}
	if a.Version == b.Version {
		t.Error("another content has the same version")
	}
}

// FuzzLoad lets anything stand in for a procedure's file: an error, never a panic,
// and what loads can be walked.
func FuzzLoad(f *testing.F) {
	err := fs.WalkDir(embedded, "data/procedures", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := embedded.ReadFile(path)
		f.Add(b)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small()["procedures/1.000001.yaml"].Data)
	f.Add([]byte("a: &x [*x]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		files := small()
		files["procedures/1.000001.yaml"] = &fstest.MapFile{Data: b}
		c, err := Load(files, today)
		if err != nil {
			found := false
			eachError(err, func(*LoadError) { found = true })
			if !found {
				t.Fatalf("an error without a file: %v", err)
			}
			return
		}
		for _, p := range c.Procedures() {
			p.PapersFor("", nil)
			if p.Form != nil {
				p.Form.Asked(nil, nil)
				_ = p.ValidateAnswers(p.Form.Complete(nil, nil), "", today)
			}
		}
		c.Search("thu")
	})
}

// sharedData finds a file of the shared data beside the repository.
func sharedData(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "..", "shared", "data", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("../shared/data/%s is not here", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUnitAt(t *testing.T) {
	c, err := Embedded(today)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"Số 1, Phường Ba Đình, Hà Nội":               "00004",
		"Số 1, PHUONG BA DINH , Ha Noi":              "00004",
		"Số 1, Đống Đa, Đống Đa, Hà Nội":             "00235",
		"Số 1 Châu Long, Trúc Bạch, Ba Đình, Hà Nội": "", // the district, not the ward
		"Thôn 2, Xã Nào Đó, Tỉnh Nào":                "",
		"":                                           "",
	} {
		if got := c.UnitAt(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
