package gateway

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
)

// reason is One-Stop's word for a refusal, with whatever it repeats of the
// dossier or the card taken out: a receipt is not sealed, and is shown. Case,
// diacritics and the way a date is written make no difference; of long numbers
// none stays, whosever they are.
func reason(r *Refusal, d dossier.Dossier, chip map[string]string) string {
	words := []rune(cut(norm.NFC.String(strings.ToValidUTF8(r.Message, " ")), 4000)) // of which 500 are said
	text := string(plain(words))
	struck := make([]bool, len(words))
	strike := func(from, to int) { // bytes of text
		at := utf8.RuneCountInString(text[:from])
		for i := range utf8.RuneCountInString(text[from:to]) {
			struck[at+i] = true
		}
	}
	for _, v := range personal(d, chip) {
		for from := 0; ; {
			i := strings.Index(text[from:], v)
			if i < 0 {
				break
			}
			strike(from+i, from+i+len(v))
			from += i + len(v)
		}
	}
	for _, at := range longNumber.FindAllStringIndex(text, -1) {
		strike(at[0], at[1])
	}

	var out strings.Builder
	for i, r := range words {
		switch {
		case struck[i] && (i == 0 || !struck[i-1]):
			out.WriteRune('…')
		case struck[i]:
		case unicode.IsControl(r) || r == utf8.RuneError:
			out.WriteByte(' ')
		default:
			out.WriteRune(r)
		}
	}
	return cut(strings.TrimSpace(fmt.Sprintf("%s (One-Stop %s)", out.String(), cut(r.Code, 40))), 500)
}

// longNumber is a personal number, a former one, a phone's: nine digits and
// more, also in groups. Codes of dossiers have fewer in a row.
var longNumber = regexp.MustCompile(`[0-9](?:[ .]?[0-9]){8,}`)

// telling says that a value leads to somebody. A single short word ("Không",
// "Kinh") does not, and stands in every other sentence.
func telling(v string) bool {
	n := utf8.RuneCountInString(v)
	return n >= 8 || n >= 4 && strings.ContainsAny(v, " 0123456789")
}

// personal is what a refusal may not repeat, as [plain] writes it, the longest
// first: half a name is a name too.
func personal(d dossier.Dossier, chip map[string]string) []string {
	values := []string{d.Applicant.Name, d.Applicant.PIN, d.Applicant.DOB, d.Applicant.Residence}
	for _, fields := range []map[string]string{d.Answers, chip} {
		for _, v := range fields {
			values = append(values, v)
		}
	}
	for _, p := range d.Papers {
		values = append(values, p.Number)
	}
	var all []string
	for _, v := range values {
		street, _, _ := strings.Cut(v, ",") // of an address: the part that is nobody else's
		for _, form := range append(dateForms(v), v, strings.TrimSpace(street)) {
			if telling(form) {
				all = append(all, string(plain([]rune(norm.NFC.String(form)))))
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(all)
}

// dateForms are other ways to write a date of the form dd/mm/yyyy.
func dateForms(v string) []string {
	p := strings.Split(v, "/")
	if len(p) != 3 || len(p[0]) != 2 || len(p[1]) != 2 || len(p[2]) != 4 {
		return nil
	}
	d, m, y := p[0], p[1], p[2]
	short := func(n string) string { return strings.TrimPrefix(n, "0") }
	return []string{y + "-" + m + "-" + d, d + "-" + m + "-" + y, d + "." + m + "." + y, y + m + d, d + m + y, short(d) + "/" + short(m) + "/" + y}
}

// plain takes case and diacritics off, a letter for a letter.
func plain(text []rune) []rune {
	out := make([]rune, len(text))
	for i, r := range text {
		out[i] = r
		if folded := []rune(catalogue.Fold(string(r))); len(folded) == 1 {
			out[i] = folded[0]
		}
	}
	return out
}
