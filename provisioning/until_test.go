package main

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

// until asks again, soon, until the answer is yes: for what gives no sign of its own.
func until(t testing.TB, ask func() (bool, error)) error {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		ok, err := ask()
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			return errors.Join(errors.New("it never came"), err)
		}
	}
}

func get(t testing.TB, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	return string(body)
}
