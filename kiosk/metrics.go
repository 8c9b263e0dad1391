package main

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/health"
)

// metrics are what /metrics tells. Labels are codes out of our own tables, never
// anything a person or a card said.
type metrics struct {
	registry *prometheus.Registry
	journeys *prometheus.CounterVec
	prints   *prometheus.CounterVec
	reads    *prometheus.HistogramVec
	record   prometheus.Histogram
	receipts *prometheus.CounterVec
	took     func(time.Duration) // hears of each reading too; may be nil
}

func newMetrics(report func() health.Report, backlog func() float64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		journeys: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kiosk_journey_steps_total",
			Help: "Steps of visits, by code: card-read, card-failed, ticket, dossier, abandoned."}, []string{"step"}),
		prints: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kiosk_prints_total",
			Help: "Papers, by kind and by how the job ended."}, []string{"kind", "outcome"}),
		reads: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "kiosk_card_read_seconds",
			Help: "Time from the key to the verdict, by access and grade.", Buckets: prometheus.ExponentialBuckets(.05, 2, 9)}, []string{"access", "grade"}),
		record: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "kiosk_record_seconds",
			Help: "Time to commit a dossier or a number to disk.", Buckets: prometheus.ExponentialBuckets(.001, 2, 12)}),
		receipts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kiosk_receipts_total",
			Help: "Receipts verified, by outcome."}, []string{"outcome"}),
	}
	m.registry.MustRegister(m.journeys, m.prints, m.reads, m.record, m.receipts,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "kiosk_outbox_dossiers",
			Help: "Dossiers the gateway has not signed for."}, backlog),
		conditionGauge{report, prometheus.NewDesc("kiosk_condition", "Whether a health condition is reported.", []string{"code", "severity", "who"}, nil)})
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 5 * time.Second})
}

func (m *metrics) read(r *cccd.Reading) {
	m.reads.WithLabelValues(r.Access, string(r.Verdict.Grade)).Observe(r.Stats.Total.Seconds())
	if m.took != nil {
		m.took(r.Stats.Total)
	}
}

// conditionGauge shows the health report as it is at the moment of the scrape:
// every declared condition as 0 or 1, so that an alert can tell "not so" from
// "not known".
type conditionGauge struct {
	report func() health.Report
	desc   *prometheus.Desc
}

func (c conditionGauge) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }
func (c conditionGauge) Collect(ch chan<- prometheus.Metric) {
	report := c.report()
	for _, d := range health.Declarations {
		holds := 0.0
		if report.Has(d.Code) {
			holds = 1
		}
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, holds, d.Code, string(d.Severity), string(d.Who))
	}
}
