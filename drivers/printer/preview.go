package printer

// Preview draws what comes out of a printer of that profile: every dot of a raster
// profile; where letters travel as text, the printer's own font and QR code by
// ones that are much like them.
func (r *Renderer) Preview(doc Document, p Profile) (*Bitmap, error) {
	return r.preview(doc, p, r.cellOf, QRModules)
}

// preview draws a document for a printer whose letters and codes look like these.
func (r *Renderer) preview(doc Document, p Profile, shape func(rune) (cell, error), code func(string) ([][]bool, error)) (*Bitmap, error) {
	if p.Glyphs != glyphsDown {
		return r.Render(doc, p.Dots)
	}
	g, err := layGrid(doc, p)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &sheet{Renderer: r, width: p.Dots, paper: NewBitmap(p.Dots, 0)}
	for _, step := range g.steps {
		if err := s.step(step, p, shape, code); err != nil {
			return nil, err
		}
	}
	s.paper.Grow(s.y)
	return s.paper, nil
}

// step draws what the printer does at one step.
func (s *sheet) step(t step, p Profile, shape func(rune) (cell, error), code func(string) ([][]bool, error)) error {
	s.space(t.feed)
	switch {
	case t.line != nil:
		return s.textLine(t.line, shape)
	case t.rule:
		s.fill(0, s.y, s.width, s.y+2)
		s.space(2)
	case t.img != nil:
		return s.image(t.img)
	case t.qr != "":
		return s.printerQR(t.qr, p, code)
	}
	return nil
}

func (s *sheet) textLine(l *textLine, shape func(rune) (cell, error)) error {
	x, n := 0, 0
	for _, run := range l.runs {
		n += len([]rune(run.text))
	}
	if l.center {
		x = (s.width - n*cellWidth*l.width) / 2
	}
	paper := s.grown(s.y + cellHeight*l.height)
	for _, run := range l.runs {
		for _, letter := range run.text {
			c, err := shape(letter)
			if letter == ' ' || letter == '\u00a0' {
				c, err = cell{}, nil
			}
			if err != nil {
				return err
			}
			for dy := range cellHeight * l.height {
				for dx := range cellWidth * l.width {
					cx, cy := dx/l.width, dy/l.height
					black := c.black(cx, cy) || run.bold && cx > 0 && c.black(cx-1, cy)
					if black != run.reverse {
						paper.Set(x+dx, s.y+dy, true)
					}
				}
			}
			x += cellWidth * l.width
		}
	}
	s.space(max(cellHeight*l.height, lineSpacing))
	return nil
}

// printerQR draws a QR code as the printer does, which may find it larger than our
// encoder does, or as it is sent drawn.
func (s *sheet) printerQR(text string, p Profile, code func(string) ([][]bool, error)) error {
	modules, err := QRModules(text)
	if err != nil {
		return err
	}
	size, err := moduleSize(len(modules), s.width)
	if err != nil {
		return err
	}
	if p.QR != qrNative {
		return s.image(qrImage(modules, size))
	}
	if modules, err = code(text); err != nil {
		return err
	}
	side := len(modules) * size
	drawModules(s.grown(s.y+side), modules, size, (s.width-side)/2, s.y)
	s.space(side)
	return nil
}
