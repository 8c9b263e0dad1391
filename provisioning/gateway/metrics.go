package gateway

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tiepdan/kiosk/dossier"
)

// Flow counts dossiers, over all time: it is made again from the book at start.
type Flow struct {
	Accepted    uint64 `json:"accepted"`
	Refused     uint64 `json:"refused"`
	Quarantined uint64 `json:"quarantined"`
}

// Metrics are a gateway's counts, and a [prometheus.Collector]. No label names a person or a dossier.
type Metrics struct {
	mu        sync.Mutex
	flow      Flow
	taken     uint64
	none      uint64
	waits     map[string]uint64
	posts     uint64
	postTime  time.Duration
	lastFiled time.Time
}

// Metrics of this gateway.
func (g *Gateway) Metrics() *Metrics { return &g.metrics }

// Flow returns the counts of dossiers.
func (m *Metrics) Flow() Flow {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.flow
}

func (m *Metrics) arrived()  { m.with(func() { m.taken++ }) }
func (m *Metrics) nonsense() { m.with(func() { m.none++ }) }
func (m *Metrics) later(why string) {
	m.with(func() {
		if m.waits == nil {
			m.waits = map[string]uint64{}
		}
		m.waits[why]++
	})
}
func (m *Metrics) submitted(took time.Duration) { m.with(func() { m.posts++; m.postTime += took }) }
func (m *Metrics) answered(e entry) {
	m.restore(e)
	m.with(func() { m.lastFiled = time.Now() })
}

func (m *Metrics) leftQuarantine() { m.with(func() { m.flow.Quarantined-- }) }

// restore counts an entry of the book.
func (m *Metrics) restore(e entry) {
	m.with(func() {
		switch e.Receipt.Outcome {
		case dossier.Accepted:
			m.flow.Accepted++
		case dossier.Refused:
			m.flow.Refused++
		case dossier.Quarantined:
			m.flow.Quarantined++
		}
	})
}

func (m *Metrics) with(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

var (
	descDossiers = prometheus.NewDesc("tiepdan_gateway_dossiers_total", "Dossiers answered for, by outcome.", []string{"outcome"}, nil)
	descTaken    = prometheus.NewDesc("tiepdan_gateway_deliveries_total", "Work items taken in hand, again ones too.", nil, nil)
	descWaits    = prometheus.NewDesc("tiepdan_gateway_waits_total", "Work items put off, by what they wait for.", []string{"for"}, nil)
	descNone     = prometheus.NewDesc("tiepdan_gateway_nonsense_total", "Messages on the dossier stream that name no dossier.", nil, nil)
	descPosts    = prometheus.NewDesc("tiepdan_gateway_onestop_seconds", "Time One-Stop took to answer for an item.", nil, nil)
	descLast     = prometheus.NewDesc("tiepdan_gateway_last_answered_timestamp_seconds", "When the last dossier got its receipt.", nil, nil)
)

// Describe and Collect make Metrics a [prometheus.Collector].
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descDossiers, descTaken, descWaits, descNone, descPosts, descLast} {
		ch <- d
	}
}

// Collect sends the counts as they are now.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	flow, taken, none, posts, took, last := m.flow, m.taken, m.none, m.posts, m.postTime, m.lastFiled
	waits := maps.Clone(m.waits)
	m.mu.Unlock()
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	counter(descDossiers, flow.Accepted, dossier.Accepted)
	counter(descDossiers, flow.Refused, dossier.Refused)
	counter(descDossiers, flow.Quarantined, dossier.Quarantined)
	counter(descTaken, taken)
	counter(descNone, none)
	for why, n := range waits {
		counter(descWaits, n, why)
	}
	ch <- prometheus.MustNewConstSummary(descPosts, posts, took.Seconds(), nil)
	if !last.IsZero() {
		ch <- prometheus.MustNewConstMetric(descLast, prometheus.GaugeValue, float64(last.Unix()))
	}
}
