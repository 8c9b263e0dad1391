package session

import (
	"context"
	"errors"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/dossier"
)

// recordFor bounds one commit; a disk that takes longer is broken.
const recordFor = 30 * time.Second

// readDone brings a whole reading to the machine's goroutine, which keeps
// portrait and evidence and lets Step see the rest.
type readDone struct {
	asked   uint64
	reading *cccd.Reading
}

func (readDone) event() {}

// withMedia puts into the visit's memory what an answer brought along. Only
// answers still waited for bring anything.
func (m *Machine) withMedia(s State, ev Event) Event {
	switch ev := ev.(type) {
	case readDone:
		r := ev.reading
		if s.Visit.Pending != ev.asked {
			return CardFailed{Asked: ev.asked}
		}
		m.media.forgetHolder()
		m.media.keep(ev.asked, r.Evidence)
		read := CardRead{Asked: ev.asked, Identity: r.Identity, Verdict: r.Verdict, Access: r.Access, Model: r.Model}
		if mime := r.Portrait.MIME; len(r.Portrait.Data) > 0 && (mime == "image/jpeg" || mime == "image/png") {
			read.Portrait = m.media.add(picture{mime: mime, data: r.Portrait.Data, face: true})
		}
		return read
	case DossierRecorded:
		if ev.Visit == s.Visit.Token {
			ev.QR = m.media.addQR(s.Visit.Receipt.QR())
		}
		return ev
	case TicketRecorded:
		if ev.Visit == s.Visit.Token {
			ev.Ticket.QR = m.media.addQR(TicketQR(s.Env.Site, ev.Ticket))
		}
		return ev
	case VisitFound:
		if s.Visit.Pending != ev.Asked {
			return ev
		}
		if ev.Filed != nil {
			filed := *ev.Filed
			filed.QR = m.media.addQR(filed.Receipt.QR())
			ev.Filed = &filed
		}
		if ev.Ticket != nil {
			ticket := *ev.Ticket
			ticket.QR = m.media.addQR(TicketQR(s.Env.Site, ticket))
			ev.Ticket = &ticket
		}
		return ev
	}
	return ev
}

// startReading begins a reading once the one before, cancelled, has let go of
// the card.
func (m *Machine) startReading(visit context.Context, e ReadCard) {
	before := m.read
	if before.cancel != nil {
		before.cancel()
	}
	ctx, cancel := context.WithCancel(visit)
	done := make(chan struct{})
	m.read = reader{cancel, done}
	m.jobs.Go(func() {
		defer cancel()
		defer close(done)
		if before.done != nil {
			<-before.done
		}
		last, stage := -1, cccd.Stage("")
		r, err := m.Cards.Read(ctx, e.Key, func(s cccd.Stage, percent int) {
			if s != stage || percent >= last+5 || percent >= 100 && last < 100 {
				stage, last = s, percent
				m.Post(ctx, Progress{Asked: e.Asked, Stage: s, Percent: percent})
			}
		})
		switch {
		case err == nil:
			m.Post(ctx, readDone{e.Asked, r})
		case ctx.Err() == nil:
			m.Log.Warn("card not read", "err", err)
			m.Post(ctx, CardFailed{Asked: e.Asked, Code: failCode(err)})
		}
	})
}

func failCode(err error) string {
	switch {
	case errors.Is(err, card.ErrRemoved):
		return failRemoved
	case errors.Is(err, card.ErrWrongKey):
		return failWrongKey
	case errors.Is(err, card.ErrMute):
		return failMute
	case errors.Is(err, card.ErrNotLDS):
		return failNotACard
	}
	return failBroken
}

func (m *Machine) recordTicket(ctx context.Context, order TicketOrder) Event {
	ctx, cancel := context.WithTimeout(ctx, recordFor)
	defer cancel()
	ticket, err := m.Records.RecordTicket(ctx, order)
	if err != nil {
		m.Log.Error("number not recorded", "service", order.Service, "err", err)
		return RecordFailed{order.Visit}
	}
	return TicketRecorded{Visit: order.Visit, Ticket: ticket}
}

func (m *Machine) recordDossier(ctx context.Context, visit string, d dossier.Dossier) Event {
	ctx, cancel := context.WithTimeout(ctx, recordFor)
	defer cancel()
	if err := m.Records.RecordDossier(ctx, visit, d); err != nil {
		m.Log.Error("dossier not recorded", "receipt", string(d.Receipt), "err", err)
		return RecordFailed{visit}
	}
	return DossierRecorded{Visit: visit, At: d.SubmittedAt}
}

func (m *Machine) printPaper(ctx context.Context, job PrintJob) Event {
	outcome, err := m.Printer.Print(ctx, job.Visit, job.Paper)
	done := PrintDone{Visit: job.Visit, Job: job.Job, Outcome: outcome}
	if outcome == "" {
		done.Outcome = printer.Unknown // whoever can't say may have printed
	}
	if err != nil {
		m.Log.Warn("paper not printed", "outcome", string(done.Outcome), "err", err)
		done.Why = "offline"
		switch {
		case errors.Is(err, printer.ErrPaperOut):
			done.Why = "paper-out"
		case errors.Is(err, printer.ErrCoverOpen):
			done.Why = "cover-open"
		}
	}
	return done
}

func (m *Machine) paperAnswered(ctx context.Context, e PaperAnswered) {
	ctx, cancel := context.WithTimeout(ctx, recordFor)
	defer cancel()
	if err := m.Printer.Answered(ctx, e.Visit, e.Kind, e.Out); err != nil {
		m.Log.Error("answer about a paper not kept", "kind", string(e.Kind), "err", err)
	}
}

func (m *Machine) find(ctx context.Context, e Find) Event {
	var l Lookup
	var err error
	if e.Issued.IsZero() {
		l, err = m.Finder.Find(ctx, e.Number)
	} else {
		l, err = m.Finder.FindTicket(ctx, e.Number, e.Issued)
	}
	if err != nil {
		m.Log.Info("look-up not answered", "err", err)
		l = Lookup{State: offline}
	}
	return LookedUp{Asked: e.Asked, Lookup: l}
}

func (m *Machine) findVisit(ctx context.Context, e FindVisit) Event {
	found, err := m.Records.FindVisit(ctx, e.Visit)
	if err != nil {
		m.Log.Error("visit not looked up", "err", err)
	}
	return VisitFound{Asked: e.Asked, Visit: e.Visit, Found: found}
}
