package gateway

import (
	"context"
	"sync"
	"time"

	"tiepdan/kiosk/dossier"
)

// openCodes are the dossiers One-Stop has and is not done with, by agency, in
// the order they are to be asked about.
type openCodes struct {
	mu     sync.Mutex
	agency map[string][]openCode
	have   map[string]bool
}

type openCode struct {
	code    string
	kiosk   string
	receipt dossier.ReceiptNumber
}

// ended are the statuses nothing follows: không được tiếp nhận, công dân rút, dừng, đã trả kết quả.
var ended = map[int]bool{3: true, 7: true, 8: true, 10: true}

// perCall is the most that one call may carry, and maxCalls how many a round makes.
const (
	perCall  = 10
	maxCalls = 20
)

func (o *openCodes) note(e entry) {
	r := e.Receipt
	if r.Outcome != dossier.Accepted || ended[r.Status] {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.have == nil {
		o.agency, o.have = map[string][]openCode{}, map[string]bool{}
	}
	if !o.have[r.Code] {
		o.have[r.Code] = true
		o.agency[e.Agency] = append(o.agency[e.Agency], openCode{r.Code, r.Kiosk, r.Receipt})
	}
}

// take removes the next few of an agency to ask about; what stays open is noted again.
func (o *openCodes) take(agency string) []openCode {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.agency[agency]
	n := min(perCall, len(all))
	for _, c := range all[:n] {
		delete(o.have, c.code)
	}
	o.agency[agency] = all[n:]
	return all[:n:n]
}

func (o *openCodes) back(agency string, c openCode) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.have[c.code] {
		o.have[c.code] = true
		o.agency[agency] = append(o.agency[agency], c)
	}
}

// calls says how many calls each agency takes to ask about all of its dossiers.
func (o *openCodes) calls() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := map[string]int{}
	for agency, all := range o.agency {
		n[agency] = (len(all) + perCall - 1) / perCall
	}
	return n
}

// watchStatuses asks One-Stop where open dossiers stand, and sends each change
// to its kiosk as a receipt with the next Seq.
func (g *Gateway) watchStatuses(ctx context.Context) error {
	tick := time.NewTicker(g.StatusEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for agency, calls := range g.open.calls() {
			for range min(calls, maxCalls) {
				if ctx.Err() != nil {
					return nil
				}
				if err := g.askStatuses(ctx, agency); err != nil {
					g.Log.Info("One-Stop does not say where dossiers stand", "err", err)
					break
				}
			}
		}
	}
}

func (g *Gateway) askStatuses(ctx context.Context, agency string) error {
	asked := g.open.take(agency)
	byCode := map[string]openCode{}
	var codes []string
	for _, c := range asked {
		byCode[c.code] = c
		codes = append(codes, c.code)
	}
	if len(codes) == 0 {
		return nil
	}
	said, err := g.OneStop.Statuses(ctx, agency, codes)
	for _, f := range said {
		c, ok := byCode[f.Code]
		if !ok {
			continue
		}
		if err := g.changed(ctx, c, f.Status); err != nil {
			g.Log.Warn("a change of status was not kept", "receipt", c.receipt, "err", err)
			continue // asked about again
		}
		if ended[f.Status] {
			delete(byCode, f.Code)
		}
	}
	for _, c := range byCode {
		g.open.back(agency, c)
	}
	return err
}

// changed keeps and tells a new status, as One-Stop has it.
func (g *Gateway) changed(ctx context.Context, c openCode, status int) error {
	e, revision, ok, err := g.book.find(ctx, c.kiosk, c.receipt)
	if err != nil || !ok || e.Receipt.Status == status {
		return err
	}
	r := e.Receipt
	r.Seq, r.Status, r.At = r.Seq+1, status, time.Now()
	e.step(Step{At: r.At, What: "status", Status: status})
	if e.Receipt, err = r.Sign(g.Keys.Receipt); err != nil {
		return err
	}
	ok, err = g.book.update(ctx, e, revision)
	if err != nil || !ok {
		return err // another gateway was faster
	}
	g.Log.Info("status", "receipt", c.receipt, "code", c.code, "status", status)
	return g.tell(e.Receipt)
}
