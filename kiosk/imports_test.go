package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed lists, for each of our packages, which others of ours it may import.
// An arrow that isn't here is a design decision: make it here first, with its reason.
var allowed = map[string]string{
	// Drivers import nothing of ours but each other: they could be a module of their own.
	"drivers/card":                    "",
	"drivers/card/lds":                "drivers/card",
	"drivers/card/trust":              "drivers/card drivers/card/lds",
	"drivers/card/cccd":               "drivers/card drivers/card/lds drivers/card/trust",
	"drivers/card/pcsc":               "drivers/card",
	"drivers/card/cardsim":            "drivers/card drivers/card/lds drivers/card/trust drivers/card/cccd",
	"drivers/serial":                  "", // printers and scanners share one line with deadlines and one owner
	"drivers/serial/serialsim":        "",
	"drivers/printer":                 "drivers/serial",
	"drivers/printer/printersim":      "drivers/printer drivers/serial/serialsim",
	"drivers/scanner":                 "drivers/serial",
	"drivers/scanner/scannersim":      "drivers/scanner drivers/serial/serialsim",
	"kiosk/catalogue":                 "",
	"kiosk/health":                    "",
	"kiosk/config":                    "kiosk/catalogue",
	"kiosk/dossier":                   "drivers/card/cccd kiosk/catalogue",
	"kiosk/session":                   "drivers/card drivers/card/cccd drivers/printer kiosk/dossier kiosk/catalogue",
	"kiosk/queue":                     "kiosk/catalogue",
	"kiosk/store":                     "kiosk/dossier kiosk/queue",
	"kiosk/link":                      "kiosk/dossier kiosk/health kiosk/config",
	"kiosk/outbox":                    "kiosk/dossier kiosk/link",
	"kiosk/outbox/centresim":          "kiosk/dossier kiosk/link", // a centre in memory, for stories
	"kiosk/wire":                      "kiosk/session kiosk/queue kiosk/health kiosk/catalogue kiosk/dossier drivers/card/cccd",
	"kiosk/web":                       "kiosk/wire kiosk/session kiosk/queue kiosk/health ui",
	"ui":                              "",
	"provisioning/enrol":              "kiosk/link kiosk/dossier kiosk/health kiosk/config kiosk/catalogue",
	"provisioning/staff":              "", // who uses the centre; knows nothing of kiosks
	"provisioning/report":             "", // counts; the gateway's book is handed to it row by row
	"provisioning/fleet":              "kiosk/link kiosk/dossier kiosk/health kiosk/config kiosk/catalogue ui",
	"provisioning/gateway":            "kiosk/link kiosk/dossier kiosk/health kiosk/config kiosk/catalogue drivers/card/trust drivers/card/lds drivers/card/cccd", // cccd: the applicant is held against DG13
	"provisioning/gateway/onestopsim": "",
	"provisioning/kiosksim":           "kiosk/link kiosk/outbox kiosk/dossier kiosk/health kiosk/catalogue drivers/card/cccd", // light kiosks: all but devices and screen
	// The mains tie everything: they may import anything.
	"kiosk":        "*",
	"provisioning": "*",
}

// owners says who alone, of kiosk/ and drivers/, may import a module. provisioning has its own rules below.
var owners = map[string]string{
	"github.com/ebfe/scard":             "drivers/card/pcsc",
	"go.bug.st/serial":                  "drivers/serial",
	"github.com/skip2/go-qrcode":        "drivers/printer",
	"filippo.io/age":                    "kiosk/dossier",
	"modernc.org/sqlite":                "kiosk/store",
	"github.com/nats-io/nats.go":        "kiosk/link",
	"github.com/nats-io/nkeys":          "kiosk/link",
	"github.com/gorilla/websocket":      "kiosk/web",
	"github.com/nats-io/nats-server/v2": "",
	"github.com/nats-io/jwt/v2":         "",
}

// banned imports, in production code of ours, wherever.
var banned = map[string]string{
	"testing": "production code knows nothing of tests",
	"C":       "cgo lives in drivers/card/pcsc through its module alone",
}

const module = "tiepdan/"

func list(t *testing.T, args ...string) [][]string {
	t.Helper()
	args = append([]string{"list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`}, args...)
	out, err := exec.Command("go", append(args, module+"...")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Fields(line))
	}
	if len(rows) == 0 {
		t.Fatal("go list saw no package")
	}
	return rows
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range list(t, "-tags", "pcsc") {
		pkg := strings.TrimPrefix(row[0], module)
		seen[pkg] = true
		may, listed := allowed[pkg]
		if !listed {
			t.Errorf("%s: not in the table", pkg)
		}
		for _, imp := range row[1:] {
			if why, bad := banned[imp]; bad {
				t.Errorf("%s imports %s: %s", pkg, imp, why)
			}
			for mod, owner := range owners {
				if (imp == mod || strings.HasPrefix(imp, mod+"/")) && !slices.Contains(strings.Fields(owner), pkg) &&
					!strings.HasPrefix(pkg, "provisioning") {
					t.Errorf("%s imports %s: only %q may", pkg, imp, owner)
				}
			}
			dep, ours := strings.CutPrefix(imp, module)
			if ours && may != "*" && !slices.Contains(strings.Fields(may), dep) {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
	for pkg := range allowed {
		if !seen[pkg] {
			t.Errorf("%s stands in the table and not in the house", pkg)
		}
	}
}

// Simulators are in dev builds only: a release build of either main has none of them beneath it.
func TestReleaseHasNoSimulators(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-tags", "release,pcsc", module+"kiosk", module+"provisioning").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if dep = strings.TrimSpace(dep); strings.HasSuffix(dep, "sim") && strings.HasPrefix(dep, module) {
			t.Errorf("a release build holds %s", dep)
		}
	}
}

// And the binaries themselves: no page, path, card or PIN of a simulator is in
// them, the built pages included.
func TestReleaseBinaries(t *testing.T) {
	if testing.Short() {
		t.Skip("builds both programs")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-tags", "release", "-o", dir, module+"kiosk", module+"provisioning")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"kiosk", "provisioning"} {
		binary, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(binary, []byte("/healthz")) { // strings are found at all
			t.Errorf("%s holds no /healthz", name)
		}
		for _, gone := range []string{"/sim/", "/bench", "bench.html", "246810", "quay1", "tampered-dg13", "onestop/fault", "/onestop/dossiers", "kiosk-gateway"} {
			if bytes.Contains(binary, []byte(gone)) {
				t.Errorf("%s of a release holds %q", name, gone)
			}
		}
	}
}

// Every package says what it is for.
func TestPackageDocs(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}|{{.Doc}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if pkg, doc, _ := strings.Cut(strings.TrimSpace(line), "|"); doc == "" {
			t.Errorf("%s: no package comment", pkg)
		}
	}
}
