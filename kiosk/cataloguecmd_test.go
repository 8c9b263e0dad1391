package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCatalogueCheck(t *testing.T) {
	broken := t.TempDir()
	if err := os.CopyFS(broken, os.DirFS("catalogue/data")); err != nil {
		t.Fatal(err)
	}
	units := filepath.Join(broken, "units.yaml")
	b, err := os.ReadFile(units)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(units, bytes.Replace(b, []byte(`"00004"`), []byte(`"four"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		"built in":    {[]string{"check"}, 0, "(2 with a form), 8 services, 126 units", ""},
		"a directory": {[]string{"check", "-on", "2026-11-23", "catalogue/data"}, 0, "in force on 2026-11-23", ""},
		"broken":      {[]string{"check", broken}, 2, "", `units.yaml: units[0].code: "four"`},
		"too early":   {[]string{"check", "-on", "2020-01-01", "catalogue/data"}, 2, "", "services.yaml"},
		"no such day": {[]string{"check", "-on", "today"}, 1, "", "not a day"},
		"no verb":     {nil, 1, "", "usage"},
		"other verb":  {[]string{"import"}, 1, "", "usage"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := catalogueCommand(test.args, &stdout, &stderr)
			if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit %d\n%s%s", code, &stdout, &stderr)
			}
		})
	}
}
