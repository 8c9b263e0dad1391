package printer

import "errors"

// columnGap is white between a label and its value.
const columnGap = 18

// rows draws labels and their values in two columns.
func (s *sheet) rows(rows []Row) error {
	label, value, note := s.face(regular, 15), s.face(bold, 15), s.face(regular, 12)
	if s.width < 480 {
		label = note
	}
	column := 0
	for _, r := range rows {
		l, err1 := label.measure(clean(r.Label))
		n, err2 := note.measure(clean(r.LabelNote))
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		column = max(column, l+columnGap, n+columnGap)
	}
	column = min(column, s.width/2)
	for _, r := range rows {
		left := []line{{label, r.Label}, {note, r.LabelNote}}
		right := []line{{value, r.Value}, {note, r.ValueNote}}
		if err := s.row(left, right, column); err != nil {
			return err
		}
	}
	return nil
}

// A line is a text and the face it is set in.
type line struct {
	face *face
	text string
}

// row draws two columns side by side, or below each other where one would have
// to be broken within a word.
func (s *sheet) row(left, right []line, column int) error {
	beside := true
	for i, l := range append(left[:len(left):len(left)], right...) {
		width := column - columnGap
		if i >= len(left) {
			width = s.width - column
		}
		fits, err := fits(l.face, clean(l.text), width)
		if err != nil {
			return err
		}
		beside = beside && fits
	}
	top := s.y
	if !beside {
		if err := s.column(left, 0, s.width); err != nil {
			return err
		}
		if err := s.column(right, 0, s.width); err != nil {
			return err
		}
		s.space(4)
		return nil
	}
	s.y += right[0].face.em - left[0].face.em // on one baseline
	if err := s.column(left, 0, column-columnGap); err != nil {
		return err
	}
	bottom := s.y
	s.y = top
	if err := s.column(right, column, s.width-column); err != nil {
		return err
	}
	s.y = max(bottom, s.y)
	s.space(4)
	return nil
}

// column draws lines of a width below each other.
func (s *sheet) column(ls []line, x, width int) error {
	for i, l := range ls {
		lines, err := wrap(l.face, clean(l.text), width)
		if err != nil {
			return err
		}
		if i > 0 && len(lines) > 0 {
			s.y -= 4 // a note belongs to what stands above
		}
		if err := s.lines(l.face, lines, x); err != nil {
			return err
		}
	}
	return nil
}

// leadingRows returns the rows that blocks begin with.
func leadingRows(blocks []Block) (rows []Row) {
	for _, b := range blocks {
		r, ok := b.(Row)
		if !ok {
			break
		}
		rows = append(rows, r)
	}
	return rows
}
