package cardsim_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
)

// traced reads a card and writes the trace of it.
func traced(t *testing.T, chip card.Transport, key card.Key) (trace []byte, r *cccd.Reading, err error) {
	t.Helper()
	var b bytes.Buffer
	r, err = cccd.Read(context.Background(), chip, key, cccd.Options{Trust: anchored(t), Now: now, Portrait: true, Trace: &b})
	return b.Bytes(), r, err
}

// dialogue is a trace without what differs from one time to the next.
func dialogue(t *testing.T, trace []byte) []string {
	t.Helper()
	var all []string
	d := json.NewDecoder(bytes.NewReader(trace))
	for {
		var l cccd.TraceLine
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if a := l.APDU; a != nil {
			line := fmt.Sprintf("%s sent %d received %d %s %s", a.Command, a.Sent, a.Received, a.SW, a.Error)
			if a.Plain != nil {
				line += fmt.Sprintf(" plain %+v", *a.Plain)
			}
			all = append(all, line)
		}
	}
}

// A trace, sent in by somebody whose card we never see, makes a chip with which
// the same dialogue is led, APDU for APDU. (What follows a file after its own end
// is not in a trace, so "extra-bytes" is not in the list.)
func TestReplay(t *testing.T) {
	type kase struct {
		persona, fault string
		words          cardsim.ProfileWords
		mrz            bool
	}
	var cases []kase
	for _, p := range []string{"an", "binh", "chi", "dung"} {
		cases = append(cases, kase{persona: p})
	}
	for _, f := range []string{"no-dg2", "no-dg13", "hidden-dg13", "hidden-dg14", "no-sod", "garbage-sod", "garbage-tlv", "garbage-dg14", "garbage-dg15", "oversized-dg2",
		"large-dg2", "select-mf-refused", "short-only", "no-history", "get-response", "le-max:500", "short-reads:300", "no-cardaccess", "bare-errors+hidden-dg13",
		"ca-refused", "aa-refused", "ca-dead", "torn:3", "torn:9", "torn:12", "silent:8", "sw:5:6A80", "sw:9:6F00", "sm-sw:3:6A82", "short-only+large-dg2"} {
		cases = append(cases, kase{persona: "an", fault: f})
	}
	for _, w := range []cardsim.ProfileWords{
		{PACE: "aes256/P-384", CA: "aes256/brainpoolP512r1", AA: "rsa2048/bc"}, {PACE: "3des/P-256", CA: "3des/P-256", AA: "ecdsa/P-384/sha384", SOD: "rsa2048/sha256"},
		{CA: "aes128/P-256,aes256/P-384", AA: "none", Max: 700}, {CA: "none", AA: "none", SOD: "ecdsa/P-521/sha512"},
	} {
		cases = append(cases, kase{persona: "an", words: w})
	}
	cases = append(cases, kase{persona: "an", words: cardsim.ProfileWords{Access: "bac"}, mrz: true})
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s %s %+v", c.persona, c.fault, c.words), func(t *testing.T) {
			t.Parallel()
			p := persona(t, c.persona)
			profile, err := cardsim.ParseProfile(c.words)
			if err != nil {
				t.Fatal(err)
			}
			key := can(p)
			if c.mrz {
				key = p.Key()
			}
			trace, was, wasErr := traced(t, issue(t, c.persona, cardsim.Options{Fault: c.fault, Profile: profile}), key)
			again, key, err := cardsim.Replay(bytes.NewReader(trace))
			if err != nil {
				t.Fatal(err)
			}
			second, is, isErr := traced(t, again, key)
			want, got := dialogue(t, trace), dialogue(t, second)
			for i := range max(len(want), len(got)) {
				a, b := "nothing", "nothing"
				if i < len(want) {
					a = want[i]
				}
				if i < len(got) {
					b = got[i]
				}
				if a != b {
					t.Fatalf("APDU %d:\n was %s\n  is %s", i+1, a, b)
				}
			}
			if (wasErr == nil) != (isErr == nil) || was.CA != is.CA {
				t.Errorf("was %v, CA %s; is %v, CA %s", wasErr, was.CA, isErr, is.CA)
			}
			for _, secret := range append(p.Secrets(), p.MRZ(), p.CAN()) {
				for _, form := range []string{secret, strings.ToLower(hex.EncodeToString([]byte(secret)))} {
					if len(form) > 5 && bytes.Contains(bytes.ToLower(trace), bytes.ToLower([]byte(form))) {
						t.Errorf("the trace tells %q", form)
					}
				}
			}
		})
	}
}

func TestReplayRefuses(t *testing.T) {
	for _, bad := range []string{"nonsense", "{}", `{"apdu":{"sw":"xyzw"}}`, `{"file":{"id":"0101","content":"zz"}}`, `{"file":{"id":"what"}}`, `{"card":{"atr":"3"}}`} {
		if _, _, err := cardsim.Replay(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is taken for a trace", bad)
		}
	}
}
