package main

import (
	"os"
	"path/filepath"
	"testing"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/store"
	"tiepdan/provisioning/kiosksim"
)

// TestFill is no test of its own: deploy/test-deploy.sh has it record dossiers in the folder
// TIEPDAN_FILL of a kiosk that is enrolled and does not run, as visits would.
func TestFill(t *testing.T) {
	dir := os.Getenv("TIEPDAN_FILL")
	if dir == "" {
		t.Skip("a part of deploy/test-deploy.sh")
	}
	creds, err := link.LoadCredentials(filepath.Join(dir, "credentials.json"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for n := range 20 {
		d, parts, err := kiosksim.Filing(creds.Kiosk, "00004", n%3)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := dossier.Seal(d, parts, creds.Recipient)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Record(t.Context(), store.Submission{Visit: string(d.Receipt) + string(d.Receipt), At: d.SubmittedAt,
			Dossier: &store.Filing{Sealed: sealed, Procedure: d.Procedure, Case: d.Case}}); err != nil {
			t.Fatal(err)
		}
	}
}
