package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tiepdan/kiosk/link"
)

// pendingFile holds the key of a kiosk whose request is on its way by hand.
const pendingFile = "enrolment.pending"

// enrolCommand turns a one-time code into this kiosk's credentials and first
// configuration: over the network, or by two files that somebody carries.
func enrolCommand(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	set := flag.NewFlagSet("kiosk enrol", flag.ContinueOnError)
	set.SetOutput(stderr)
	centre := set.String("centre", "", "the centre's address, https://… (http:// on this machine only)")
	code := set.String("code", "", `the one-time code: 25 letters and digits; "-" reads it, "@FILE" reads FILE`)
	data := set.String("data", defaultData, "data folder")
	request := set.String("request", "", "no network here: write the request to `FILE`, for `provisioning kiosk answer`")
	answer := set.String("answer", "", "no network here: the centre's answer in `FILE`")
	if err := set.Parse(args); err != nil {
		return err
	}
	var cred link.Credentials
	switch {
	case *answer != "":
		var err error
		if cred, err = acceptAnswer(*data, *answer); err != nil {
			return err
		}
	case *centre == "" || *code == "":
		return errors.New("enrol needs -centre URL and -code CODE")
	default:
		secret, err := readSecret(*code, stdin)
		if err != nil {
			return err
		}
		if *request != "" {
			return writeRequest(*data, *centre, secret, *request, stdout)
		}
		if cred, err = enrolHere(ctx, *data, *centre, secret); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "Enrolled as %s.\n", cred.Kiosk)
	return nil
}

// writeRequest makes this kiosk's key, keeps it here, and writes what the centre is to see.
func writeRequest(data, centre, code, file string, stdout io.Writer) error {
	if err := notEnrolled(data); err != nil {
		return err
	}
	parsed, err := link.ParseEnrolCode(code)
	if err != nil {
		return err
	}
	p, err := link.NewPending(centre, parsed, hardware())
	if err != nil {
		return err
	}
	kept, err := json.Marshal(p)
	if err != nil {
		return err
	}
	shown, err := json.Marshal(p.Request)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(data, pendingFile), kept); err != nil {
		return err
	}
	if err := writeFile(file, shown); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Carry %s to the centre: provisioning kiosk answer -request FILE -out FILE. Then here: kiosk enrol -answer FILE.\n", file)
	return nil
}

// acceptAnswer takes what the centre gave for the request that was written here.
func acceptAnswer(data, file string) (link.Credentials, error) {
	if err := notEnrolled(data); err != nil {
		return link.Credentials{}, err
	}
	pending := filepath.Join(data, pendingFile)
	kept, err := os.ReadFile(pending)
	if errors.Is(err, fs.ErrNotExist) {
		return link.Credentials{}, errors.New("no request was written here: begin with -centre URL -code CODE -request FILE")
	}
	if err != nil {
		return link.Credentials{}, err
	}
	var p link.Pending
	if err := json.Unmarshal(kept, &p); err != nil {
		return link.Credentials{}, fmt.Errorf("%s is damaged: write the request again", pending)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return link.Credentials{}, err
	}
	var reply link.EnrolReply
	if err := json.Unmarshal(text, &reply); err != nil {
		return link.Credentials{}, fmt.Errorf("%s is no answer of a centre", file)
	}
	cred, told, err := p.Accept(reply)
	if err != nil {
		return link.Credentials{}, err
	}
	if err := keepEnrolment(data, cred, told); err != nil {
		return link.Credentials{}, err
	}
	return cred, os.Remove(pending)
}
