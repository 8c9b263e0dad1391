//go:build !release

package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// What simulate reads of a centre's /metrics.
const (
	metricCPU       = "process_cpu_seconds_total"
	metricMemory    = "process_resident_memory_bytes"
	metricCondition = "tiepdan_fleet_condition_kiosks"
)

// samples are values by name; where there is a label "code", by "name code".
type samples map[string]float64

func scrape(ctx context.Context, base string) (samples, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s/metrics: %w", base, err)
	}
	all := samples{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			key := name
			for _, label := range m.GetLabel() {
				if label.GetName() == "code" {
					key += " " + label.GetValue()
				}
			}
			all[key] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return all, nil
}
