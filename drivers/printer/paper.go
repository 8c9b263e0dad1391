package printer

import (
	"strconv"
	"strings"
)

// A paper is blocks being put together; it knows the languages.
type paper struct {
	words
	blocks []Block
}

func (p *paper) add(b ...Block) { p.blocks = append(p.blocks, b...) }

// center adds a centred text unless it is empty.
func (p *paper) center(text string, size Size, bold bool) {
	if text != "" {
		p.add(Text{Text: text, Size: size, Bold: bold, Align: AlignCenter})
	}
}

// heading adds a bold centred line unless it is empty.
func (p *paper) heading(text string, size Size) {
	if text != "" {
		p.add(Text{Text: text, Size: size, Bold: true, Align: AlignCenter, Line: true})
	}
}

// title adds a centred fixed text, English below it in small print.
func (p *paper) title(key string, size Size) {
	p.center(p.vi(key), size, false)
	p.center(p.en(key), SizeSmall, false)
}

// part begins a part of a longer paper.
func (p *paper) part(key string) {
	p.add(Space{10}, Text{Text: p.vi(key), Size: SizeNormal, Bold: true})
	if en := p.en(key); en != "" {
		p.add(Text{Text: en, Size: SizeSmall})
	}
	p.add(Space{4})
}

// row adds a label and its value unless the value is empty.
func (p *paper) row(key, value, note string) {
	if value != "" {
		p.add(Row{Label: p.vi(key), LabelNote: p.en(key), Value: value, ValueNote: note})
	}
}

// second is a text in English, if English is wanted beside the Vietnamese.
func (p *paper) second(en string) string {
	if !p.english {
		return ""
	}
	return en
}

func (p *paper) list(mark func(i int) string, texts []string) {
	for i, t := range texts {
		p.add(Item{Mark: mark(i), Text: t})
	}
}

func numbered(i int) string { return strconv.Itoa(i+1) + "." }

func ticked(int) string { return MarkBox }

// badge adds a text white on black, with its English beside it.
func (p *paper) badge(vi, en string) {
	if en != "" {
		vi += " · " + en
	}
	p.add(Badge{vi})
}

// Document lays the ticket out.
func (t Ticket) Document() Document {
	p := paper{words: wordsFor(t.Lang)}
	if t.Reprint {
		p.badge(p.vi("reprint"), p.en("reprint"))
	}
	p.heading(t.Unit, SizeNormal)
	p.center(t.Site, SizeSmall, false)
	p.add(Rule{})
	p.title("ticket.title", SizeSmall)
	p.add(Number{t.Number})
	if t.Reason != "" {
		p.badge(p.vi("ticket.priority", t.Reason), p.en("ticket.priority"))
	}
	p.center(t.Service, SizeLarge, true)
	p.add(Rule{})
	p.row("ticket.where", t.Where, "")
	if t.Ahead > 0 {
		n := strconv.Itoa(t.Ahead)
		p.row("ticket.ahead", p.vi("ticket.people", n), "")
	} else {
		p.row("ticket.ahead", p.vi("ticket.nobody"), p.en("ticket.nobody"))
	}
	if t.Wait > 0 {
		a := about(t.Wait)
		p.row("ticket.wait", a.vi, p.second(a.en))
	}
	if t.QR != "" {
		p.add(QR{t.QR})
		if strings.HasPrefix(t.QR, "https://") {
			p.title("ticket.follow", SizeSmall)
		} else {
			p.title("ticket.keep", SizeSmall) // plain words: nothing to follow there
		}
	}
	p.moment("ticket.at", when(t.At))
	return Document{Kind: KindTicket, Number: t.Number, Blocks: p.blocks}
}

func (p *paper) moment(key string, at label) {
	p.center(p.vi(key, at.vi), SizeSmall, false)
	p.center(p.en(key, at.en), SizeSmall, false)
}

// Document lays the slip out.
func (s Slip) Document() Document {
	p := paper{words: wordsFor(s.Lang)}
	if s.Reprint {
		p.badge(p.vi("reprint"), p.en("reprint"))
	}
	p.heading(s.Authority, SizeLarge)
	p.center(s.Site, SizeSmall, false)
	p.add(Rule{})
	p.heading(p.vi("slip.title"), SizeTitle)
	p.center(p.en("slip.title"), SizeSmall, false)
	state := "slip.state"
	if s.Kept {
		state = "slip.kept"
	}
	p.title(state, SizeNormal)
	p.add(Space{8})
	p.heading(s.Receipt, SizeTitle)
	p.title("slip.receipt", SizeSmall)
	p.add(Rule{})
	p.row("slip.code", s.Code, "")
	p.row("slip.procedure", s.Procedure, s.Official)
	p.row("slip.applicant", s.Applicant, "")
	p.row("slip.pin", s.PIN, "")
	if len(s.Papers) > 0 {
		p.part("slip.papers")
		for _, paper := range s.Papers {
			p.add(Item{Mark: "•", Text: paper.Name, Note: paper.How})
		}
	}
	if len(s.Next) > 0 {
		p.part("slip.next")
		p.list(numbered, s.Next)
	}
	if s.QR != "" {
		p.add(QR{s.QR})
		p.title("slip.qr", SizeSmall)
	}
	p.moment("slip.at", when(s.At))
	p.add(Space{8})
	p.title("slip.not", SizeSmall)
	return Document{Kind: KindSlip, Number: s.Receipt, Blocks: p.blocks}
}

// Document lays the preparation list out.
func (c Checklist) Document() Document {
	p := paper{words: wordsFor(c.Lang)}
	p.heading(c.Unit, SizeNormal)
	p.add(Rule{})
	p.title("checklist.title", SizeSmall)
	p.add(Space{4})
	p.center(c.Procedure, SizeLarge, true)
	p.center(c.Official, SizeSmall, false)
	p.add(Rule{})
	p.row("checklist.fee", c.Fee, "")
	p.row("checklist.time", c.Time, "")
	p.row("checklist.where", c.Where, "")
	if len(c.Papers) > 0 {
		p.part("checklist.papers")
		p.list(ticked, c.Papers)
	}
	if len(c.Next) > 0 {
		p.part("checklist.next")
		p.list(numbered, c.Next)
	}
	p.add(Space{6})
	p.moment("checklist.at", when(c.At))
	return Document{Kind: KindChecklist, Number: c.Official, Blocks: p.blocks}
}
