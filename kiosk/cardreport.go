package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
)

// cardReport is what `kiosk card read` has to say. It is made for the person
// who asked for it on the command line: here, and only here, an identity is
// written out.
type cardReport struct {
	reading *cccd.Reading // nil if the card gave nothing
	exit    int
	code    string // of the error
	message string // why not proven, or what broke and what to do
}

// What can break, told apart by what callers act on, and what to do about it.
var cardTroubles = []struct {
	is              error
	code, say, todo string
}{
	{card.ErrWrongKey, "wrong-key", "the card refused the key", "compare the six digits (or the three lines) with the card and try again"},
	{card.ErrRemoved, "removed", "the card left the reader before it was read", "lay it down and leave it until the end"},
	{card.ErrMute, "mute", "the card does not answer", "turn it over or try another card: if that works, this chip is broken"},
	{card.ErrNotLDS, "not-id-card", "this is not a chip ID card", "use the CCCD with a chip or the Thẻ căn cước"},
	{card.ErrLastTry, "last-try", "one wrong key more and the card blocks this one, so none was tried", "open it with the other key (-mrz instead of -can), or elsewhere with the right one"},
	{card.ErrAccess, "no-access", "the card allows no way in that we know", "try the other key: -mrz instead of -can"},
	{card.ErrSecurity, "security", "the protected dialogue with the card broke", "lay the card again; if it stays so, try another reader"},
	{card.ErrMalformed, "malformed", "the card sent data that is not to be understood", "lay the card again; if it stays so, this chip is broken"},
	{errNoReader, "no-reader", "there is no smart-card reader", "plug one in and see that pcscd runs"},
	{errNobody, "no-card", "nobody laid a card on the reader", "lay it and start again"},
	{context.Canceled, "stopped", "stopped", "start again"},
}

func reportOf(r *cccd.Reading, err error) cardReport {
	if err != nil {
		rep := cardReport{reading: r, exit: exitNoCard, code: "broke", message: fmt.Sprintf("%v. Lay the card again.", err)}
		for _, t := range cardTroubles {
			if errors.Is(err, t.is) {
				rep.code = t.code
				rep.message = fmt.Sprintf("%s: %s.", t.say, t.todo)
				if err != t.is { // how far it came
					rep.message += fmt.Sprintf(" (%v)", err)
				}
				break
			}
		}
		return rep
	}
	rep := cardReport{reading: r, exit: exitUnproven}
	v := r.Verdict
	switch {
	case v.Grade == cccd.GradeGenuine:
		rep.exit = exitProven
	case v.Grade == cccd.GradeFailed:
		rep.message = "a check did not hold: " + v.Why
	case v.Grade == cccd.GradeAnchored:
		rep.message = "intact and signed by a trusted authority; whether the chip is a copy could not be checked: " + noChip(r)
	case v.Anchor == cccd.NoAnchors:
		rep.message = "intact and signed, by whom is not known: no trust anchor is installed (-trust DIR)"
		if v.Chip != cccd.OK {
			rep.message += "; whether the chip is a copy could not be checked: " + noChip(r)
		}
	case v.Signature == cccd.OK:
		rep.message = "signed, and not all of it could be checked: " + v.Why
	default:
		rep.message = "nothing could be proven: " + v.Why
	}
	return rep
}

// noChip says why it is not known whether the chip is a copy.
func noChip(r *cccd.Reading) string {
	switch has := func(w string) bool { return slices.Contains(r.Warnings, w) }; {
	case has("ca-unsupported") || has("aa-unsupported"):
		return "its protocols are none we do"
	case has("dg14-malformed") || has("dg15-malformed"):
		return "the keys on it are not to be understood"
	}
	return "the card offers nothing to do it with, or it was not asked"
}

// verdictOut is a verdict with the two checks the one of the chip is the sum of.
type verdictOut struct {
	cccd.Verdict
	CA cccd.Check `json:"ca"`
	AA cccd.Check `json:"aa"`
}

// writeJSON writes the object scripts rely on. A card that broke gives
// {"error":{code,message}} instead.
func (rep cardReport) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if rep.exit == exitNoCard {
		return enc.Encode(map[string]any{"error": map[string]string{"code": rep.code, "message": rep.message}})
	}
	r := rep.reading
	out := make(map[string]any)
	for _, f := range r.Identity.Fields() {
		out[f.Key] = f.Value
	}
	warnings := r.Warnings
	if warnings == nil {
		warnings = []string{}
	}
	out["portrait"] = map[string]any{"mime": r.Portrait.MIME, "bytes": len(r.Portrait.Data)}
	out["access"] = r.Access
	out["model"] = r.Model
	out["verdict"] = verdictOut{r.Verdict, r.CA, r.AA}
	out["warnings"] = warnings
	out["apdus"] = r.Stats.APDUs
	out["bytesSent"] = r.Stats.BytesSent
	out["bytesReceived"] = r.Stats.BytesReceived
	out["millis"] = map[string]float64{
		"total": millis(r.Stats.Total), "access": millis(r.Stats.Access), "read": millis(r.Stats.Read), "verify": millis(r.Stats.Verify),
	}
	return enc.Encode(out)
}

func millis(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*10) / 10
}

var cardLabels = map[string]string{
	"pin": "Số định danh", "oldId": "Số CMND cũ", "name": "Họ và tên", "dob": "Ngày sinh", "sex": "Giới tính", "nationality": "Quốc tịch",
	"ethnicity": "Dân tộc", "religion": "Tôn giáo", "origin": "Quê quán", "residence": "Nơi thường trú", "features": "Đặc điểm nhận dạng",
	"issued": "Ngày cấp", "expires": "Có giá trị đến", "father": "Cha", "mother": "Mẹ", "spouse": "Vợ/chồng", "chipId": "Số chip",
}

func (rep cardReport) writeText(w io.Writer) error {
	if rep.exit == exitNoCard {
		return nil // the message says it all
	}
	r := rep.reading
	var b strings.Builder
	for _, f := range r.Identity.Fields() {
		if f.Value != "" {
			fmt.Fprintf(&b, "%-12s %s (%s)\n", f.Key, f.Value, cardLabels[f.Key])
		}
	}
	if len(r.Portrait.Data) > 0 {
		fmt.Fprintf(&b, "%-12s %s, %d bytes\n", "portrait", r.Portrait.MIME, len(r.Portrait.Data))
	}
	v := r.Verdict
	fmt.Fprintf(&b, "\n%-12s %s, card of %s\n", "access", r.Access, r.Model)
	fmt.Fprintf(&b, "%-12s %s (hashes %s, signature %s, anchor %s, chip %s: CA %s, AA %s)\n", "verdict", v.Grade, v.Hashes, v.Signature, v.Anchor, v.Chip, r.CA, r.AA)
	if v.Expired {
		fmt.Fprintf(&b, "%-12s this card has run out\n", "expired")
	}
	if len(r.Warnings) > 0 {
		fmt.Fprintf(&b, "%-12s %s\n", "warnings", strings.Join(r.Warnings, " "))
	}
	s := r.Stats
	fmt.Fprintf(&b, "%-12s %d APDUs, %d bytes sent, %d received; %.0f ms (access %.0f, read %.0f, verify %.0f)\n", "cost",
		s.APDUs, s.BytesSent, s.BytesReceived, millis(s.Total), millis(s.Access), millis(s.Read), millis(s.Verify))
	_, err := io.WriteString(w, b.String())
	return err
}
