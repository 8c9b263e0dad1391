//go:build !release

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/kiosksim"
)

const simulateUsage = `  provisioning simulate -kiosks N [-for 30s] [-centre URL] [-data DIR]
        enrol and drive N light kiosks with real links and real messages, and measure the centre
`

var simulate = simulateCommand

// simulation are the flags of simulate.
type simulation struct {
	operator
	kiosks int
	life   time.Duration
	storm  bool
	asJSON bool
	habits kiosksim.Habits
}

func simulateCommand(ctx context.Context, args []string, e env) error {
	var s simulation
	set := flag.NewFlagSet("simulate", flag.ContinueOnError)
	set.IntVar(&s.kiosks, "kiosks", 100, "`NUMBER` of kiosks")
	set.DurationVar(&s.life, "for", 30*time.Second, "how `LONG` they work once all of them are there")
	set.StringVar(&s.addr, "centre", "", "`URL` of the centre, if it isn't the one that serves from DIR")
	set.StringVar(&s.data, "data", defaultData, "`DIR` of the centre: its operator's token lets kiosks in, and their credentials are kept there for the next time")
	set.Float64Var(&s.habits.Filing, "filing", 2, "`DOSSIERS` an hour and kiosk")
	set.IntVar(&s.habits.Papers, "papers", 0, "scanned `PAGES` with each")
	set.Float64Var(&s.habits.Ill, "ill", 0.02, "`SHARE` of kiosks with something wrong")
	set.Float64Var(&s.habits.Cut, "cut", 0.2, "how `OFTEN` an hour a kiosk's line breaks for some seconds")
	set.BoolVar(&s.storm, "storm", false, "in the end cut all lines, and mend them at the same moment")
	set.BoolVar(&s.asJSON, "json", false, "figures as JSON")
	if err := flags(set, args, e); err != nil {
		return err
	}
	if s.kiosks < 1 || s.kiosks > 50_000 || s.life <= 0 || s.habits.Ill < 0 || s.habits.Ill >= 1 || s.habits.Filing < 0 || s.habits.Cut < 0 || s.habits.Papers < 0 {
		fmt.Fprintln(e.err, "provisioning simulate: -kiosks is 1 to 50000, -ill 0 to less than 1, and nothing is negative")
		return errUsage
	}
	return s.run(ctx, e)
}

// run enrols whom it needs, starts them all at once, lets them work, asks the centre how
// it was, and waits for every dossier to be signed for. One that isn't is an error.
func (s *simulation) run(ctx context.Context, e env) error {
	base, err := s.base()
	if err != nil {
		return err
	}
	var f figures
	f.Kiosks = s.kiosks
	creds, err := s.enrolled(ctx, base, e, &f)
	if err != nil {
		return err
	}
	fleet := &simFleet{changes: make(chan struct{}, 1)}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelError}))
	for _, c := range creds {
		unit, _, _ := strings.Cut(c.Kiosk, "-")
		k, err := kiosksim.New(c, unit, s.habits, fleet.level(), log)
		if err != nil {
			return err
		}
		fleet.kiosks = append(fleet.kiosks, k)
	}
	lives, end := context.WithCancel(ctx)
	defer end()
	var all sync.WaitGroup
	defer all.Wait()
	defer end()
	fmt.Fprintf(e.err, "%d kiosks come in at once …\n", s.kiosks)
	began := time.Now()
	for _, k := range fleet.kiosks {
		all.Go(func() { k.Run(lives) })
	}
	if f.Come, err = fleet.allUp(ctx, began); err != nil {
		return err
	}
	fmt.Fprintf(e.err, "all are there; they work for %v …\n", s.life)
	if err := s.measure(ctx, base, fleet, &f); err != nil {
		return err
	}
	if s.storm {
		fmt.Fprintln(e.err, "all lines are cut, and mended at the same moment …")
		if f.Storm, err = fleet.storm(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintln(e.err, "waiting for the last receipts …")
	if err := fleet.settled(ctx); err != nil {
		return err
	}
	f.Tally = fleet.tally()
	if f.Done, err = scrape(ctx, base); err != nil {
		return err
	}
	if err := f.print(e.out, s.asJSON); err != nil {
		return err
	}
	if f.Tally.Open > 0 || f.Tally.Wrong > 0 {
		return fmt.Errorf("%d dossiers were not signed for, %d receipts were wrong", f.Tally.Open, f.Tally.Wrong)
	}
	return nil
}

// A simFleet is all of them.
type simFleet struct {
	kiosks  []*kiosksim.Kiosk
	up      atomic.Int64
	changes chan struct{} // poked when up has changed
}

// level counts one kiosk's link.
func (f *simFleet) level() func(link.Level) {
	was := link.Down
	return func(now link.Level) {
		switch {
		case now == link.Up && was != link.Up:
			f.up.Add(1)
		case now != link.Up && was == link.Up:
			f.up.Add(-1)
		}
		was = now
		select {
		case f.changes <- struct{}{}:
		default:
		}
	}
}

// comeWithin is how long all together may take to come in; bars.md has less.
const comeWithin = 5 * time.Minute

// allUp waits until all are in, but for those whose lines are broken at the moment.
func (f *simFleet) allUp(ctx context.Context, since time.Time) (time.Duration, error) {
	late := time.After(comeWithin)
	most := len(f.kiosks) - len(f.kiosks)/500 // with these habits so many lines are broken at any time
	for {
		if int(f.up.Load()) >= most {
			return time.Since(since), nil
		}
		select {
		case <-f.changes:
		case <-late:
			return 0, fmt.Errorf("only %d of %d kiosks came in within %v", f.up.Load(), len(f.kiosks), comeWithin)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// storm is a city's power coming back.
func (f *simFleet) storm(ctx context.Context) (time.Duration, error) {
	for _, k := range f.kiosks {
		k.SetCut(true)
	}
	for f.up.Load() > 0 {
		select {
		case <-f.changes:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	began := time.Now()
	for _, k := range f.kiosks {
		k.SetCut(false)
	}
	return f.allUp(ctx, began)
}

func (f *simFleet) tally() (sum kiosksim.Tally) {
	for _, k := range f.kiosks {
		sum = sum.Add(k.Tally())
	}
	return sum
}

// settled waits until nothing is open any more, or two minutes.
func (f *simFleet) settled(ctx context.Context) error {
	late := time.After(2 * time.Minute)
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for f.tally().Open > 0 {
		select {
		case <-look.C:
		case <-late:
			return nil // the figures say it
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// enrolled returns credentials of as many kiosks as are wanted: those of the last time,
// and new ones.
func (s *simulation) enrolled(ctx context.Context, base string, e env, f *figures) ([]link.Credentials, error) {
	path := dataDir{root: s.data}.path("simulated.json")
	var kept []link.Credentials
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("kiosks of the last simulation: %w", err)
	}
	for i := range kept {
		kept[i].Centre = base
	}
	if len(kept) >= s.kiosks {
		return kept[:s.kiosks], nil
	}
	cat, err := catalogue.Embedded(time.Now())
	if err != nil {
		return nil, err
	}
	began, had := time.Now(), len(kept)
	fmt.Fprintf(e.err, "enrolling %d kiosks …\n", s.kiosks-had)
	const atOnce = 8 // an address may fail ten times at once, and so many tries may be under way
	var mu sync.Mutex
	var wrong error
	var group sync.WaitGroup
	next := make(chan int)
	for range atOnce {
		group.Go(func() {
			for n := range next {
				c, err := s.enrol(ctx, base, cat.Units[n%len(cat.Units)].Code, n)
				mu.Lock()
				kept, wrong = append(kept, c), errors.Join(wrong, err)
				mu.Unlock()
			}
		})
	}
	for n := had; n < s.kiosks; n++ {
		mu.Lock()
		stop := wrong != nil
		mu.Unlock()
		if stop {
			break
		}
		next <- n
	}
	close(next)
	group.Wait()
	if wrong != nil {
		return nil, wrong
	}
	f.Enrolled, f.EnrolTime = s.kiosks-had, time.Since(began)
	if data, err = json.Marshal(kept); err != nil {
		return nil, err
	}
	return kept, os.WriteFile(path, data, 0o600)
}

func (s *simulation) enrol(ctx context.Context, base, unit string, n int) (link.Credentials, error) {
	ask := addRequest{Life: "1h", Site: enrol.Site{Unit: unit, Site: fmt.Sprintf("Điểm mô phỏng %d", n/2+1), Profile: enrol.Residential}}
	var got codeReply
	if err := s.do(ctx, "POST", "kiosks", ask, &got); err != nil {
		return link.Credentials{}, err
	}
	code, err := link.ParseEnrolCode(got.Code)
	if err != nil {
		return link.Credentials{}, err
	}
	c, _, err := link.Enrol(ctx, base, code, map[string]string{"model": "light kiosk"})
	return c, err
}

// figures are what a simulation found out.
type figures struct {
	Kiosks    int            `json:"kiosks"`
	Enrolled  int            `json:"enrolled"`
	EnrolTime time.Duration  `json:"enrol_ns"`
	Come      time.Duration  `json:"come_ns"`
	Worked    time.Duration  `json:"worked_ns"`
	CPU       float64        `json:"cpu_cores"` // the centre's, while they worked
	Memory    float64        `json:"memory_bytes"`
	Lags      []float64      `json:"lag_seconds"` // from a condition to the centre's figures, sorted
	Storm     time.Duration  `json:"storm_ns"`
	Tally     kiosksim.Tally `json:"dossiers"`
	Done      samples        `json:"-"`
}

// measure lets them work, and probes how far the centre is behind.
func (s *simulation) measure(ctx context.Context, base string, fleet *simFleet, f *figures) error {
	before, err := scrape(ctx, base)
	if err != nil {
		return err
	}
	began := time.Now()
	const probes = 5
	for n := range probes {
		wait := time.NewTimer(time.Until(began.Add(s.life * time.Duration(n+1) / (probes + 1))))
		select {
		case <-wait.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		lag, err := probe(ctx, base, fleet.kiosks[n%len(fleet.kiosks)])
		if err != nil {
			return err
		}
		f.Lags = append(f.Lags, lag.Seconds())
	}
	slices.Sort(f.Lags)
	rest := time.NewTimer(time.Until(began.Add(s.life)))
	select {
	case <-rest.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := scrape(ctx, base)
	if err != nil {
		return err
	}
	f.Worked = time.Since(began)
	f.CPU = (after[metricCPU] - before[metricCPU]) / f.Worked.Seconds()
	f.Memory = after[metricMemory]
	return nil
}

// probe raises a condition that nothing else raises here, and waits until the centre counts it.
func probe(ctx context.Context, base string, k *kiosksim.Kiosk) (time.Duration, error) {
	counted := metricCondition + " " + health.CutterError
	want := func(n float64) (time.Duration, error) {
		k.Health.Set(health.CutterError, n > 0, "")
		began := time.Now()
		for time.Since(began) < time.Minute {
			got, err := scrape(ctx, base)
			if err != nil || got[counted] == n {
				return time.Since(began), err
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		return 0, fmt.Errorf("the centre does not count what %s reported a minute ago", k.ID)
	}
	lag, err := want(1)
	if err != nil {
		return 0, err
	}
	_, err = want(0)
	return lag, err
}

func (f figures) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(f)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, format string, v ...any) { fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{name}, v...)...) }
	line("kiosks", "%d", f.Kiosks)
	if f.Enrolled > 0 {
		line("enrolled", "%d in %.1f s, %.0f/s", f.Enrolled, f.EnrolTime.Seconds(), float64(f.Enrolled)/f.EnrolTime.Seconds())
	}
	line("came in", "%.1f s, all at once", f.Come.Seconds())
	line("worked", "%.0f s", f.Worked.Seconds())
	line("centre", "%.2f cores, %.0f MB", f.CPU, f.Memory/1e6)
	if len(f.Lags) > 0 {
		line("behind", "%.1f s at most, of %d probes", f.Lags[len(f.Lags)-1], len(f.Lags))
	}
	if f.Storm > 0 {
		line("storm", "%.1f s until all were back", f.Storm.Seconds())
	}
	line("dossiers", "%d filed: %d accepted, %d refused, %d held, %d open, %d wrong receipts",
		f.Tally.Filed, f.Tally.Accepted, f.Tally.Refused, f.Tally.Held, f.Tally.Open, f.Tally.Wrong)
	return w.Flush()
}
