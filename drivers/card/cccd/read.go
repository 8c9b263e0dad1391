package cccd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/lds"
	"tiepdan/drivers/card/trust"
)

// Read opens the card with key, reads what makes up an identity, and proves it
// as far as that can be done. On error the Reading is not nil and holds what
// was read until then, its verdict unchecked.
//
// The key is tried once: every refusal may count against the card's patience,
// so trying again is for a person to decide ([card.ErrWrongKey]).
func Read(ctx context.Context, t card.Transport, key card.Key, opts Options) (*Reading, error) {
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	if opts.Progress == nil {
		opts.Progress = func(Stage, int, int) {}
	}
	conn := card.NewConn(t)
	trace := newTracer(t, opts.Trace)
	if trace != nil {
		conn.Trace(trace.exchange)
	}
	r := newReader(conn, key, opts)
	began := time.Now()
	err := r.run(ctx)
	for chokes(err) && r.conn.Shorten() {
		// It takes longer APDUs in the clear than under secure messaging. The
		// key was right, so opening again with shorter ones costs no try.
		r = newReader(r.conn, key, opts)
		err = r.run(ctx)
	}
	r.out.Stats.Total = time.Since(began)
	if trace != nil {
		conn.Flush()
		trace.files(r)
		if trace.err != nil {
			r.warn("trace-unwritten")
		}
	}
	wire := r.conn.Stats()
	r.out.Stats.APDUs, r.out.Stats.BytesSent, r.out.Stats.BytesReceived = wire.APDUs, wire.Sent, wire.Received
	return r.out, err
}

// chokes tells that the chip dropped the session over the length of a command.
func chokes(err error) bool {
	sw, ok := refusedBare(err)
	return ok && sw == 0x6700
}

// refusedBare tells that the chip refused a command under secure messaging
// without its protection. It may mean no more than it says, but the session is
// gone.
func refusedBare(err error) (card.StatusError, bool) {
	sw, ok := errors.AsType[card.StatusError](err)
	return sw, ok && sw != 0x9000 && errors.Is(err, card.ErrSecurity)
}

// reader is one read under way.
type reader struct {
	conn *card.Conn
	key  card.Key
	opts Options
	out  *Reading

	sod      []byte
	came     map[uint16][]byte // by file identifier, what came of every file, whole or not
	com      []int             // data groups EF.COM has, which nobody signed
	listed   []int             // data groups there are to read
	unsigned []int             // data groups of EF.COM that EF.SOD does not have
	unread   []int             // data groups listed and asked for that the chip did not give
	files    map[int][]byte    // data groups read
	zone     lds.MRZ
	reopened int // times

	inCA     bool     // a session that is lost now is lost over chip authentication
	weakened bool     // EF.CardAccess is not what EF.DG14 repeats
	withheld bool     // a file with a key of the chip was listed and not given
	doubts   []string // about the chip
}

func newReader(conn *card.Conn, key card.Key, opts Options) *reader {
	return &reader{conn: conn, key: key, opts: opts, files: map[int][]byte{}, came: map[uint16][]byte{},
		out: &Reading{Verdict: unchecked(), CA: Unchecked, AA: Unchecked}}
}

// run does a read from end to end; each part takes up where the last one was.
// What the card says of its holder comes first, so that most is here if the
// card is taken too early.
func (r *reader) run(ctx context.Context) error {
	stats := &r.out.Stats
	if err := timed(&stats.Access, func() error { return r.open(ctx) }); err != nil {
		return err
	}
	err := timed(&stats.Read, func() error {
		for i, part := range []func(context.Context) error{r.readCOM, r.readSOD, r.readZone, r.readHolder, r.readPortrait} {
			r.opts.Progress(StageRead, min(i, fileSteps), fileSteps)
			if err := part(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	r.gather()
	if err != nil {
		return err
	}
	return timed(&stats.Verify, func() error {
		if err := r.proveChip(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err // whoever wanted it is gone
		}
		r.verify()
		return nil
	})
}

const fileSteps = 4 // EF.COM, EF.SOD, DG1, DG13: the steps of StageRead

func timed(into *time.Duration, f func() error) error {
	began := time.Now()
	err := f()
	*into = time.Since(began)
	return err
}

func (r *reader) open(ctx context.Context) error {
	r.opts.Progress(StageAccess, 0, 1)
	access, err := r.conn.Open(ctx, r.key)
	if err != nil {
		return fmt.Errorf("open card: %w", err)
	}
	r.out.Access = string(access)
	r.opts.Progress(StageAccess, 1, 1)
	return nil
}

// maxReopen is how often one read may open the card again. The key is known to
// be right, so it costs time and no tries.
const maxReopen = 3

// reopen opens the card once more after why cost the session. If that fails,
// the reason remains the one the session was lost for, unless the card is gone.
func (r *reader) reopen(ctx context.Context, why error) error {
	if r.reopened++; r.reopened > maxReopen {
		return why
	}
	_, err := r.conn.Open(ctx, r.key)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || errors.Is(err, card.ErrRemoved) || errors.Is(err, card.ErrMute):
		return fmt.Errorf("open card again: %w", err)
	}
	return fmt.Errorf("%w; then it did not open again: %v", why, err)
}

// file reads a file that may be missing. A chip that refuses it without
// protection is opened again for the ones that follow; but lengths it chokes on
// are for [Read] to shorten.
func (r *reader) file(ctx context.Context, f card.EF, progress func(done, total int)) ([]byte, error) {
	b, err := r.conn.ReadFile(ctx, f, progress)
	r.came[f.ID] = b
	if sw, bare := refusedBare(err); bare && !chokes(err) && len(b) == 0 {
		if err := r.reopen(ctx, err); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", f.Name, sw)
	}
	return b, err
}

// readCOM reads the unsigned list of what is on the chip. It serves to notice a
// data group that somebody added: what is here and not in EF.SOD.
func (r *reader) readCOM(ctx context.Context) error {
	b, err := r.file(ctx, card.EFCOM, nil)
	if lost(ctx, err) {
		return err
	}
	com, bad := lds.ParseCOM(b)
	if err != nil || bad != nil {
		r.warn("com-unreadable")
		return nil
	}
	r.com = com.DataGroups
	return nil
}

// readSOD reads the signed list. A chip without one can still be read, by the
// unsigned list; the verdict then says that nothing was proven.
func (r *reader) readSOD(ctx context.Context) error {
	r.listed = r.com
	if r.listed == nil {
		r.listed = []int{1, 2, 13} // what every card has, children's perhaps without 2
	}
	b, err := r.file(ctx, card.EFSOD, nil)
	if err != nil {
		if lost(ctx, err) {
			return err
		}
		r.warn("sod-unreadable")
		r.sod = b // what came of it cannot verify; what never came cannot be checked
		return nil
	}
	r.sod, r.out.Evidence.SOD = b, b
	sod, err := trust.ParseSOD(b)
	if err != nil {
		r.warn("sod-malformed")
		return nil
	}
	r.listed = sod.DataGroups()
	for _, n := range r.com {
		if !slices.Contains(r.listed, n) {
			r.unsigned = append(r.unsigned, n)
		}
	}
	return nil
}

// readZone reads DG1, without which there is no identity.
func (r *reader) readZone(ctx context.Context) error {
	f, _ := lds.DG(1)
	b, err := r.conn.ReadFile(ctx, f, nil)
	r.came[f.ID] = b
	if err != nil {
		return err
	}
	r.files[1], r.out.Evidence.DG1 = b, b
	if r.zone, err = lds.ParseDG1(b); err != nil {
		r.warn("dg1-malformed")
	}
	return nil
}

// readHolder reads DG13, the ministry's own data. Nothing wrong with it stops
// the read: the machine readable zone has the most needed of it too.
func (r *reader) readHolder(ctx context.Context) error {
	b, err := r.optional(ctx, 13, nil)
	if b == nil || err != nil {
		return err
	}
	r.out.Evidence.DG13 = b
	id, warnings, bad := ParseDG13(b)
	if bad != nil {
		r.warn("dg13-malformed")
		return nil
	}
	r.out.Identity = id
	for _, w := range warnings {
		r.warn(w)
	}
	return nil
}

func (r *reader) readPortrait(ctx context.Context) error {
	r.opts.Progress(StageRead, fileSteps, fileSteps)
	if !r.opts.Portrait {
		return nil
	}
	b, err := r.optional(ctx, 2, func(done, total int) { r.opts.Progress(StagePortrait, done, total) })
	if b == nil || err != nil {
		return err
	}
	face, bad := lds.ParseDG2(b)
	if bad != nil {
		r.warn("dg2-malformed")
		return nil
	}
	r.out.Portrait = Portrait{MIME: face.MIME, Data: face.Data}
	return nil
}

// optional reads a data group that may be missing. It returns neither file nor
// error when the read can go on without it.
func (r *reader) optional(ctx context.Context, n int, progress func(done, total int)) ([]byte, error) {
	if !slices.Contains(r.listed, n) {
		r.warn(fmt.Sprintf("dg%d-absent", n))
		return nil, nil
	}
	f, _ := lds.DG(n)
	b, err := r.file(ctx, f, progress)
	if err == nil {
		r.files[n] = b
		return b, nil
	}
	if lost(ctx, err) {
		return nil, err
	}
	r.warn(fmt.Sprintf("dg%d-unreadable", n))
	r.unread = append(r.unread, n)
	return nil, nil
}

// lost tells the errors that end a read from those of a single file.
func lost(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	ofFile := ofStatus(err) || errors.Is(err, card.ErrNotFound) || errors.Is(err, card.ErrMalformed)
	return !ofFile || ctx.Err() != nil || errors.Is(err, card.ErrSecurity) || errors.Is(err, card.ErrRemoved)
}

func ofStatus(err error) bool {
	_, ok := errors.AsType[card.StatusError](err)
	return ok
}

// gather makes one identity of all that was read.
func (r *reader) gather() {
	id := &r.out.Identity
	if r.zone.Form != "" {
		for _, w := range id.fill(r.zone, r.opts.Now) {
			r.warn(w)
		}
	}
	r.out.Model = model(id.Issued)
}

func (r *reader) verify() {
	r.opts.Progress(StageVerify, 2, chipSteps)
	result := trust.Result{Hashes: trust.Unchecked, Signature: trust.Unchecked, Anchor: trust.Unchecked}
	if r.sod == nil {
		result.Why = []string{"no EF.SOD to check against"}
	} else {
		result = trust.Verify(r.sod, r.files, r.opts.Trust, r.opts.Now)
	}
	for _, n := range r.unsigned {
		result.Hashes = trust.Failed
		result.Why = append(result.Why, fmt.Sprintf("DG%d is in EF.COM and not in EF.SOD", n))
	}
	for _, n := range r.unread {
		if result.Hashes == trust.OK { // of the others; what is missing was signed to be there
			result.Hashes = trust.Unchecked
		}
		result.Why = append(result.Why, fmt.Sprintf("DG%d could not be read", n))
	}
	if result.Weak {
		r.warn("sha1")
	}
	r.out.Verdict = judge(result, r.chipCheck(), r.doubts)
	r.out.Verdict.Expired = r.out.Identity.ExpiredOn(r.opts.Now)
	r.opts.Progress(StageVerify, chipSteps, chipSteps)
}

func (r *reader) warn(code string) {
	if !slices.Contains(r.out.Warnings, code) {
		r.out.Warnings = append(r.out.Warnings, code)
	}
}
