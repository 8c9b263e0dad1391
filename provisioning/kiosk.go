package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/staff"
)

// kioskCommand are the operator's commands. They talk to the running centre,
// found by its data folder.
func kioskCommand(ctx context.Context, args []string, e env) error {
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	set := flag.NewFlagSet("kiosk "+verb, flag.ContinueOnError)
	var o operator
	set.StringVar(&o.data, "data", defaultData, "`DIR` of the centre")
	set.StringVar(&o.addr, "addr", "", "`URL` of the centre, if it isn't the one that serves from DIR")
	switch verb {
	case "add":
		return addCommand(ctx, set, args, &o, e)
	case "code", "revoke":
		return idCommand(ctx, set, args, &o, e, verb)
	case "list":
		return listCommand(ctx, set, args, &o, e)
	case "answer":
		return answerCommand(ctx, set, args, &o, e)
	}
	fmt.Fprintln(e.err, "provisioning kiosk: add, code, revoke, list or answer")
	return errUsage
}

func addCommand(ctx context.Context, set *flag.FlagSet, args []string, o *operator, e env) error {
	var ask addRequest
	set.Func("profile", "`KIND` of place: reception (the usual), residential or mobile", func(s string) error { ask.Profile = enrol.Profile(s); return nil })
	set.StringVar(&ask.Hours, "hours", "", "opening `HOURS`, \"mon-fri 08:00-12:00 13:30-17:00; sat 08:00-11:30\"; none: always open")
	set.StringVar(&ask.Unit, "unit", "", "`CODE` of the administrative unit, as the catalogue has it: 00004")
	set.StringVar(&ask.Site.Site, "site", "", "`NAME` of the place where it stands")
	set.StringVar(&ask.Agency, "agency", "000.00.06.H26", "`ID` of the agency at One-Stop")
	set.StringVar(&ask.Phone, "phone", "1022", "`NUMBER` to call when there is no code after a working day")
	set.StringVar(&ask.Life, "for", "24h", "how `LONG` the code lasts")
	set.Func("officer", "`ID:NAME:PIN` of an officer who signs in at the counter; the PIN may be - or @FILE; may be given again", func(s string) error {
		officer, err := parseOfficer(s, e)
		ask.Officers = append(ask.Officers, officer)
		return err
	})
	if err := flags(set, args, e); err != nil {
		return err
	}
	if ask.Unit == "" || ask.Site.Site == "" {
		fmt.Fprintln(e.err, "provisioning kiosk add: -unit and -site are needed")
		return errUsage
	}
	var got codeReply
	if err := o.do(ctx, "POST", "kiosks", ask, &got); err != nil {
		return err
	}
	return got.print(e)
}

func idCommand(ctx context.Context, set *flag.FlagSet, args []string, o *operator, e env, verb string) error {
	id := set.String("id", "", "the kiosk's `ID`")
	ask := codeRequest{Life: "24h"}
	if verb == "code" {
		set.StringVar(&ask.Life, "for", ask.Life, "how `LONG` the code lasts")
	}
	if err := flags(set, args, e); err != nil {
		return err
	}
	if *id == "" {
		fmt.Fprintf(e.err, "provisioning kiosk %s: -id is needed\n", verb)
		return errUsage
	}
	if verb == "revoke" {
		var got kioskRow
		if err := o.do(ctx, "POST", "kiosks/"+*id+"/revoke", nil, &got); err != nil {
			return err
		}
		fmt.Fprintf(e.out, "%s is shut out\n", got.ID)
		return nil
	}
	var got codeReply
	if err := o.do(ctx, "POST", "kiosks/"+*id+"/code", ask, &got); err != nil {
		return err
	}
	return got.print(e)
}

// print puts the code alone on standard output, for scripts, and the rest beside it.
func (r codeReply) print(e env) error {
	fmt.Fprintf(e.err, "%s, %s: kiosk %s; the code works once, until %s\n", r.Unit, r.Site, r.Kiosk, r.Expires.Local().Format("2006-01-02 15:04"))
	_, err := fmt.Fprintln(e.out, r.Code)
	return err
}

func listCommand(ctx context.Context, set *flag.FlagSet, args []string, o *operator, e env) error {
	if err := flags(set, args, e); err != nil {
		return err
	}
	var rows []kioskRow
	if err := o.do(ctx, "GET", "kiosks", nil, &rows); err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, k := range rows {
		state := "waits for its code"
		if !k.Enrolled.IsZero() {
			state = "enrolled " + k.Enrolled.Local().Format("2006-01-02 15:04")
		}
		if !k.Revoked.IsZero() {
			state = "revoked " + k.Revoked.Local().Format("2006-01-02 15:04")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, k.Unit, k.Site, state)
	}
	return w.Flush()
}

// answerCommand shows the centre what a kiosk without network wrote, and keeps the
// answer for the way back. Neither file is worth anything to another machine.
func answerCommand(ctx context.Context, set *flag.FlagSet, args []string, o *operator, e env) error {
	in := set.String("request", "", "the `FILE` that kiosk enrol -request wrote")
	out := set.String("out", "", "the `FILE` for kiosk enrol -answer")
	if err := flags(set, args, e); err != nil {
		return err
	}
	if *in == "" || *out == "" {
		fmt.Fprintln(e.err, "provisioning kiosk answer: -request and -out are needed")
		return errUsage
	}
	text, err := os.ReadFile(*in)
	if err != nil {
		return err
	}
	var req link.EnrolRequest
	if err := json.Unmarshal(text, &req); err != nil {
		return fmt.Errorf("%s is no request of a kiosk", *in)
	}
	base, err := o.base()
	if err != nil {
		return err
	}
	reply, err := req.Post(ctx, base)
	if err != nil {
		return err
	}
	if text, err = json.Marshal(reply); err != nil {
		return err
	}
	if err := writeFile(*out, text); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s is for %s: carry it back\n", *out, reply.Kiosk)
	return nil
}

// An operator reaches the running centre.
type operator struct{ data, addr string }

// base is the centre's URL.
func (o *operator) base() (string, error) {
	base := o.addr
	if base == "" {
		addr, err := os.ReadFile(dataDir{root: o.data}.path("address"))
		if err != nil {
			return "", fmt.Errorf("where the centre of %s answers is not written there; give its address (%w)", o.data, err)
		}
		base = strings.TrimSpace(string(addr))
	}
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	return strings.TrimSuffix(base, "/"), nil
}

// client speaks to the centre, also to one with an authority of its own.
func (o *operator) client() (*http.Client, error) {
	authority, err := dataDir{root: o.data}.authority()
	if err != nil {
		return nil, err
	}
	return link.Credentials{CA: authority}.Client()
}

func (o *operator) do(ctx context.Context, method, path string, body, into any) error {
	d := dataDir{root: o.data}
	token, err := os.ReadFile(d.path("operator.token"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no centre has served from %s; give its folder with -data", o.data)
	}
	if err != nil {
		return fmt.Errorf("the operator's token: %w", err)
	}
	base, err := o.base()
	if err != nil {
		return err
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, base+"/admin/"+path, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("-addr %s: %w", base, err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	req.Header.Set("Content-Type", "application/json")
	client, err := o.client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the centre does not answer at %s; is it running? (%w)", base, err)
	}
	defer resp.Body.Close()
	if data, err = readAll(resp.Body); err != nil {
		return fmt.Errorf("the centre's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var said struct{ Error string }
		if json.Unmarshal(data, &said) != nil || said.Error == "" {
			said.Error = resp.Status
		}
		return errors.New(said.Error)
	}
	return json.Unmarshal(data, into)
}

// readAll reads what is of a reasonable size.
func readAll(r io.Reader) ([]byte, error) {
	const most = 16 << 20 // a list of all kiosks is a few
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(data) > most {
		err = errors.New("larger than 16 MB")
	}
	return data, err
}

// parseOfficer reads ID:NAME:PIN and keeps only the PIN's hash.
func parseOfficer(s string, e env) (config.Officer, error) {
	parts := strings.SplitN(s, ":", 3)
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return config.Officer{}, errors.New("ID:NAME:PIN is needed")
	}
	pin, err := secretText(parts[2], e)
	if err != nil {
		return config.Officer{}, fmt.Errorf("the PIN of %s: %w", parts[0], err)
	}
	if len(pin) < 4 {
		return config.Officer{}, fmt.Errorf("the PIN of %s is shorter than 4", parts[0])
	}
	return config.Officer{ID: parts[0], Name: parts[1], PIN: staff.HashSecret(pin)}, nil
}
