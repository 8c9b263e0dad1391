package printer

import "strings"

// A measurer tells how wide a line would be: a face in dots, a grid in columns.
type measurer interface {
	measure(line string) (int, error)
}

// wrap breaks a text between words so that no line is wider than width; a word
// that is wider than a whole line is broken between letters. Only the plain
// space breaks: "7&nbsp;người" stays together.
func wrap(m measurer, text string, width int) ([]string, error) {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		if word == "" {
			continue
		}
		try := word
		if line != "" {
			try = line + " " + word
		}
		w, err := m.measure(try)
		if err != nil {
			return nil, err
		}
		if w <= width {
			line = try
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		full, rest, err := chop(m, word, width)
		if err != nil {
			return nil, err
		}
		lines, line = append(lines, full...), rest
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines, nil
}

// chop breaks a word that does not fit on a line; the rest does.
func chop(m measurer, word string, width int) (full []string, rest string, err error) {
	start := 0
	for i, r := range word {
		w, err := m.measure(word[start : i+len(string(r))])
		if err != nil {
			return nil, "", err
		}
		if w > width && i > start {
			full = append(full, word[start:i])
			start = i
		}
	}
	return full, word[start:], nil
}

// balance wraps into as few lines as wrap does, but of about equal length: the
// narrowest width that needs no line more.
func balance(m measurer, text string, width int) ([]string, error) {
	lines, err := wrap(m, text, width)
	if err != nil || len(lines) < 2 {
		return lines, err
	}
	low, high := width/2, width // high always fits
	for high-low > 4 {
		mid := (low + high) / 2
		try, err := wrap(m, text, mid)
		if err != nil {
			return nil, err
		}
		if len(try) <= len(lines) {
			high, lines = mid, try
		} else {
			low = mid
		}
	}
	return lines, nil
}

// fits reports whether no word of a text is wider than width.
func fits(m measurer, text string, width int) (bool, error) {
	for word := range strings.SplitSeq(text, " ") {
		if w, err := m.measure(word); err != nil || w > width {
			return false, err
		}
	}
	return true, nil
}
