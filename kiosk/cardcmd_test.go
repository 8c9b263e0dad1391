//go:build !release

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
)

type cardRun struct {
	exit        int
	out, errors string
}

func runCard(t *testing.T, stdin string, args ...string) cardRun {
	t.Helper()
	var out, errs bytes.Buffer
	code := cardCommand(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return cardRun{code, out.String(), errs.String()}
}

// trustDir holds the simulator's own anchor, as `kiosk sim card -csca-out` writes it.
func trustDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if code := simCardCommand(t.Context(), []string{"-vpcd", "", "-csca-out", filepath.Join(dir, "csca.pem")}, nil, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	return dir
}

func TestCardReadJSON(t *testing.T) {
	an, _ := cardsim.ByName("an")
	run := runCard(t, "", "read", "-reader", "sim:an", "-can", an.CAN(), "-trust", trustDir(t), "-json")
	var got map[string]any
	if err := json.Unmarshal([]byte(run.out), &got); err != nil {
		t.Fatalf("%v: %s%s", err, run.out, run.errors)
	}
	for _, f := range an.Holder.Fields() {
		if got[f.Key] != f.Value {
			t.Errorf("%s is %q, want %q", f.Key, got[f.Key], f.Value)
		}
	}
	has := func(object any, keys ...string) {
		t.Helper()
		m, ok := object.(map[string]any)
		for _, k := range keys {
			if _, there := m[k]; !ok || !there {
				t.Errorf("%q is missing", k)
			}
		}
	}
	has(got, "access", "warnings", "apdus", "bytesSent", "bytesReceived")
	has(got["portrait"], "mime", "bytes")
	has(got["verdict"], "grade", "hashes", "signature", "anchor", "chip", "expired")
	has(got["millis"], "total", "access", "read", "verify")
	verdict, _ := got["verdict"].(map[string]any)
	if verdict["anchor"] != "ok" || verdict["hashes"] != "ok" || got["access"] != "PACE-CAN" {
		t.Errorf("verdict %v, access %v", verdict, got["access"])
	}
	// Exit 0 is kept for the best grade there is.
	if want := map[bool]int{true: 0, false: 2}[verdict["grade"] == "genuine"]; run.exit != want {
		t.Errorf("exit %d with grade %v", run.exit, verdict["grade"])
	}
	if run.exit != 0 && run.errors == "" {
		t.Error("it does not say what is missing")
	}
}

func TestCardReadExit(t *testing.T) {
	trust, empty := trustDir(t), t.TempDir()
	an, _ := cardsim.ByName("an")
	zone := an.MRZ()[:30] + "/" + an.MRZ()[30:60] + "/" + an.MRZ()[60:]
	file := filepath.Join(t.TempDir(), "can")
	if err := os.WriteFile(file, []byte(an.CAN()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, stdin string
		args        []string
		exit        int
		says        string // in standard error, or in the JSON of an error
	}{
		{"no anchor", "", []string{"-reader", "sim:dung", "-can", "013579"}, 2, "no trust anchor is installed"},
		{"by MRZ", "", []string{"-reader", "sim:an", "-mrz", zone}, 2, "no trust anchor"},
		{"by MRZ in small letters on stdin", strings.ToLower(strings.ReplaceAll(zone, "/", "\n")) + "\n", []string{"-reader", "sim:an", "-mrz", "-"}, 2, "no trust anchor"},
		{"by QR on stdin", an.QR() + "\r\n", []string{"-reader", "sim:an", "-qr", "-"}, 2, "no trust anchor"},
		{"CAN from a file", "", []string{"-reader", "sim:an", "-can", "@" + file}, 2, "no trust anchor"},
		{"tampered", "", []string{"-reader", "sim:tampered", "-can", "027182", "-trust", trust}, 2, "a check did not hold"},
		{"stranger", "", []string{"-reader", "sim:stranger", "-can", "016180", "-trust", trust}, 2, "a check did not hold"},
		{"wrong CAN", "", []string{"-reader", "sim:an", "-can", "999999", "-json"}, 3, `"wrong-key"`},
		{"pulled", "", []string{"-reader", "sim:an+torn:9", "-can", "012345", "-json"}, 3, `"removed"`},
		{"mute", "", []string{"-reader", "sim:an+silent", "-can", "012345", "-json"}, 3, `"mute"`},
		{"mute later", "", []string{"-reader", "sim:an+silent:3", "-can", "012345"}, 3, "does not answer"},
		{"bad MAC", "", []string{"-reader", "sim:an+bad-mac", "-can", "012345", "-json"}, 3, `"security"`},

		{"no key", "", []string{"-reader", "sim:an"}, 1, "one key"},
		{"two keys", "", []string{"-reader", "sim:an", "-can", "012345", "-qr", "x"}, 1, "one key"},
		{"CAN of five", "", []string{"-reader", "sim:an", "-can", "12345"}, 1, "six digits"},
		{"MRZ with a wrong check digit", "", []string{"-reader", "sim:an", "-mrz", strings.Replace(zone, "9905201", "9905202", 1)}, 1, "check digit"},
		{"QR of something else", "", []string{"-reader", "sim:an", "-qr", "https://example.vn"}, 1, "QR"},
		{"no such file", "", []string{"-reader", "sim:an", "-can", "@" + file + "x"}, 1, "no such file"},
		{"no such persona", "", []string{"-reader", "sim:nobody", "-can", "012345"}, 1, "there are an, binh"},
		{"no such fault", "", []string{"-reader", "sim:an+fire", "-can", "012345"}, 1, "tampered-dg1"},
		{"no such trust folder", "", []string{"-reader", "sim:an", "-can", "012345", "-trust", empty + "/x"}, 1, "no such file"},
		{"empty trust folder", "", []string{"-reader", "sim:an", "-can", "012345", "-trust", empty}, 1, "no trust anchor in it"},
		{"no such flag", "", []string{"-pin", "1"}, 1, "pin"},
		{"a word too many", "", []string{"-can", "012345", "please"}, 1, "please"},
		{"trace to nowhere", "", []string{"-reader", "sim:an", "-can", "012345", "-trace", empty + "/x/y"}, 1, "-trace"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := runCard(t, test.stdin, append([]string{"read"}, test.args...)...)
			if run.exit != test.exit || !strings.Contains(run.errors+run.out, test.says) {
				t.Errorf("exit %d, want %d with %q; said %q, wrote %q", run.exit, test.exit, test.says, run.errors, run.out)
			}
			for _, secret := range []string{"999999", an.Holder.PIN, "12345 ", an.Holder.Name, "9905202", "example.vn"} {
				if strings.Contains(run.errors, secret) {
					t.Errorf("standard error tells %q: %s", secret, run.errors)
				}
			}
		})
	}
}

// A trace is made to be sent on: nothing in it tells who the holder is, and a
// virtual chip is made of it that can be read like the card.
func TestCardTrace(t *testing.T) {
	an, _ := cardsim.ByName("an")
	for _, key := range [][]string{{"-can", an.CAN()}, {"-mrz", an.MRZ()}} {
		name := filepath.Join(t.TempDir(), "trace")
		run := runCard(t, "", append([]string{"read", "-reader", "sim:an", "-trace", name}, key...)...)
		b, err := os.ReadFile(name)
		if err != nil || run.exit != 2 {
			t.Fatalf("exit %d, %v", run.exit, err)
		}
		for _, secret := range append(an.Secrets(), an.CAN(), an.Holder.DOB, "390520") {
			for _, form := range []string{secret, hex.EncodeToString([]byte(secret))} {
				if strings.Contains(strings.ToLower(string(b)), strings.ToLower(form)) {
					t.Errorf("the trace tells %q", form)
				}
			}
		}
		chip, opens, err := cardsim.Replay(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		r, err := cccd.Read(t.Context(), chip, opens, cccd.Options{Portrait: true})
		if err != nil || r.CA != cccd.OK || r.AA != cccd.OK || r.Verdict.Hashes != cccd.Failed {
			t.Errorf("played again: %v, CA %s, AA %s, %s", err, r.CA, r.AA, r.Verdict.Why)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 || info.Size() > 16<<10 {
			t.Errorf("the file: %v, %v", info, err)
		}
	}
}

func TestCardList(t *testing.T) {
	run := runCard(t, "", "list")
	for _, p := range cardsim.Personas() {
		if !strings.Contains(run.out, "sim:"+p.Name) {
			t.Errorf("%s is not listed:\n%s", p.Name, run.out)
		}
	}
	if run.exit != 0 {
		t.Errorf("exit %d", run.exit)
	}
	if run := runCard(t, "", "lst"); run.exit != 1 || !strings.Contains(run.errors, "lst") {
		t.Errorf("unknown command: %d, %s", run.exit, run.errors)
	}
	if runCard(t, "", "-h").exit != 0 {
		t.Error("help fails")
	}
}

func TestSimCard(t *testing.T) {
	for _, test := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"-persona", "nobody"}, 1, "there are an"},
		{[]string{"-fault", "fire"}, 1, "tampered-dg1"},
		{[]string{"-latency", "40"}, 1, "40ms,10us"},
		{[]string{"-latency", "-1ms,1us"}, 1, "40ms,10us"},
		{[]string{"-vpcd", "127.0.0.1:1"}, 3, "vsmartcard-vpcd"},
		{[]string{"-h"}, 0, "select-mf-refused"},
	} {
		var out, errs bytes.Buffer
		if code := simCardCommand(t.Context(), test.args, nil, &out, &errs); code != test.exit || !strings.Contains(errs.String(), test.says) {
			t.Errorf("%q: exit %d, %s", test.args, code, errs.String())
		}
	}
}
