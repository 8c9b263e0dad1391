package catalogue

import (
	"strings"
	"time"
)

var digitWords = [...]string{"không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"}

// DateWords reads a dd/mm/yyyy date as a birth certificate writes it: "Ngày hai
// mươi tháng mười một năm hai nghìn không trăm hai mươi sáu". Anything else gives "".
func DateWords(date string) string {
	canonical, day, _, ok := parseAnswerDate(date, false)
	if !ok || canonical != date {
		return ""
	}
	month := numberWords(int(day.Month()))
	if day.Month() == 4 {
		month = "tư" // months have their own fourth
	}
	words := numberWords(day.Day())
	if day.Day() <= 10 {
		words = "mồng " + words
	}
	return "Ngày " + words + " tháng " + month + " năm " + numberWords(day.Year())
}

// numberWords spells 0–9999.
func numberWords(n int) string {
	var words []string
	if n >= 1000 {
		words = append(words, digitWords[n/1000], "nghìn")
	}
	if n >= 100 && n%1000 > 0 {
		words = append(words, digitWords[n/100%10], "trăm")
	}
	tens, units := n/10%10, n%10
	switch {
	case tens == 0 && units == 0 && n > 0:
		return strings.Join(words, " ")
	case tens == 0 && n >= 100:
		words = append(words, "linh")
	case tens == 1:
		words = append(words, "mười")
	case tens > 1:
		words = append(words, digitWords[tens], "mươi")
	}
	switch {
	case units == 0 && tens > 0:
	case units == 1 && tens > 1:
		words = append(words, "mốt")
	case units == 4 && tens > 1:
		words = append(words, "tư")
	case units == 5 && tens > 0:
		words = append(words, "lăm")
	default:
		words = append(words, digitWords[units])
	}
	return strings.Join(words, " ")
}

// The Law on Identification 26/2023/QH15 renamed the card and its issuer from
// this day on; a card says neither in a field of its chip.
var newCards = Date{time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)}

// cardKind names a card by the date it was issued, dd/mm/yyyy.
func cardKind(issued string) string {
	return byIssue(issued, "Căn cước công dân", "Căn cước")
}

// cardIssuer tells who issued a card by the date it was issued, dd/mm/yyyy.
func cardIssuer(issued string) string {
	return byIssue(issued, "Cục Cảnh sát quản lý hành chính về trật tự xã hội", "Bộ Công an")
}

func byIssue(issued, before, since string) string {
	_, day, _, ok := parseAnswerDate(issued, false)
	switch {
	case !ok:
		return ""
	case day.Before(newCards.Time):
		return before
	}
	return since
}
