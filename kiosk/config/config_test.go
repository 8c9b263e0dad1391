package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/catalogue"
)

const pin = "$argon2id$v=19$m=65536,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaasdfghjkl123456789ab"

const minimal = `unit: {code: "00004", name: "UBND phường Ba Đình"}
site: "Điểm hỗ trợ dịch vụ công số 2"
agency: "000.00.06.H26"
`

const whole = minimal + `phone: "024 3333 4444"
attended: true
counters:
  - {code: "1", services: [ho-tich, cu-tru]}
  - {code: "2"}
officers:
  - {id: lan, name: "Chị Lan", pin: "` + pin + `"}
filing_requires: signed
channels: {"1.010041": online, "1.001193": direct}
hours:
  - {days: [mon, tue, wed, thu, fri], from: "08:00", to: "12:00"}
  - {days: [mon, tue, wed, thu, fri], from: "13:30", to: "17:00"}
  - {days: [sat], from: "08:00", to: "12:00"}
counting: {idle_seconds: 60}
devices:
  reader: "ACS ACR39U"
  printer: {profile: generic-80, port: /dev/serial/by-id/printer, baud: 115200}
  scanner: {port: /dev/serial/by-id/scanner}
trust_dir: /etc/kiosk/trust
`

func TestDefaults(t *testing.T) {
	c, err := Parse([]byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if c.FilingRequires != FilingAnchored || c.Counting.Idle() != 45*time.Second || c.Counting.LongIdle() != 2*time.Minute ||
		c.Counting.Warn() != 30*time.Second || c.Counting.CardLeft() != time.Minute || strings.Join(c.Languages, ",") != "vi,en" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestMarshalRoundTrip(t *testing.T) {
	for _, text := range []string{minimal, whole} {
		c, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(b)
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		if d, _ := again.Marshal(); !reflect.DeepEqual(d, b) {
			t.Errorf("round trip differs:\n%s\n%s", b, d)
		}
		if !reflect.DeepEqual(again.Devices, c.Devices) || again.Counting != c.Counting || again.Unit != c.Unit || len(again.Hours) != len(c.Hours) {
			t.Errorf("round trip: %+v, want %+v", again, c)
		}
	}
}

func TestErrorsNameFieldAndValue(t *testing.T) {
	for name, test := range map[string]struct{ text, field, value string }{
		"unit code":     {strings.Replace(minimal, `"00004"`, `"4"`, 1), "unit.code", "4"},
		"no unit name":  {strings.Replace(minimal, "UBND phường Ba Đình", "", 1), "unit.name", ""},
		"no site":       {strings.Replace(minimal, "Điểm hỗ trợ dịch vụ công số 2", "", 1), "site", ""},
		"agency":        {strings.Replace(minimal, "000.00.06.H26", "h26", 1), "agency", "h26"},
		"phone":         {minimal + "phone: call me\n", "phone", "call me"},
		"filing":        {minimal + "filing_requires: trust\n", "filing_requires", "trust"},
		"counter":       {minimal + "counters: [{code: \"quầy 1\"}]\n", "counters[0].code", "quầy 1"},
		"counter twice": {minimal + "counters: [{code: \"1\"}, {code: \"1\"}]\n", "counters[1].code", "1"},
		"officer":       {minimal + "officers: [{id: Lan, name: Lan, pin: \"" + pin + "\"}]\n", "officers[0].id", "Lan"},
		"plain pin":     {minimal + "officers: [{id: lan, name: Lan, pin: \"1234\"}]\n", "officers[0].pin", "(not shown)"},
		"channel":       {minimal + "channels: {\"1.001193\": fax}\n", "channels[1.001193]", "fax"},
		"day":           {minimal + "hours: [{days: [t2], from: \"08:00\", to: \"12:00\"}]\n", "hours[0].days", "t2"},
		"hour":          {minimal + "hours: [{from: \"8h\", to: \"12:00\"}]\n", "hours[0].from", "8h"},
		"hours swapped": {minimal + "hours: [{from: \"12:00\", to: \"08:00\"}]\n", "hours[0].to", "08:00"},
		"warn":          {minimal + "counting: {warn_seconds: 5}\n", "counting.warn_seconds", "5"},
		"language":      {minimal + "languages: [vi, fr]\n", "languages[1]", "fr"},
		"port":          {minimal + "devices: {printer: {port: COM3}}\n", "devices.printer.port", "COM3"},
		"usb":           {minimal + "devices: {printer: {port: \"usb:1a86\"}}\n", "devices.printer.port", "usb:1a86"},
		"network":       {minimal + "devices: {printer: {port: \"tcp:a printer\"}}\n", "devices.printer.port", "tcp:a printer"},
		"scanner port":  {minimal + "devices: {scanner: {port: \"tcp:scanner\"}}\n", "devices.scanner.port", "tcp:scanner"},
		"network port":  {minimal + "devices: {printer: {port: \"tcp:10.0.0.7:0\"}}\n", "devices.printer.port", "tcp:10.0.0.7:0"},
		"baud":          {minimal + "devices: {printer: {baud: 1234}}\n", "devices.printer.baud", "1234"},
		"profile":       {minimal + "devices: {printer: {profile: \"../x\"}}\n", "devices.printer.profile", "../x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(test.text))
			found, ok := errors.AsType[*FieldError](err)
			if !ok || found.Field != test.field || found.Value != test.value {
				t.Errorf("got %v, want field %s with %q", err, test.field, test.value)
			}
			if strings.Contains(err.Error(), "1234\"") && strings.Contains(test.field, "pin") {
				t.Errorf("a PIN is in the error: %v", err)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, err := Parse([]byte("site: x\nagency: x\nphone: x\n"))
	for _, field := range []string{"unit.code", "unit.name", "agency", "phone"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in %v", field, err)
		}
	}
}

func TestStrict(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field":  minimal + "colour: red\n",
		"unknown nested": minimal + "counting: {idle: 4}\n",
		"repeated":       minimal + "site: again\n",
		"alias":          "a: &x 1\nb: *x\n",
		"two documents":  minimal + "---\n" + minimal,
		"empty":          "",
		"not YAML":       "{",
		"list":           "- 1\n",
		"wrong type":     minimal + "attended: maybe\n",
		"control":        minimal + "phone: \x00\n",
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestHoursUntilMidnight(t *testing.T) {
	for text, ok := range map[string]bool{
		`{from: "00:00", to: "24:00"}`: true, `{from: "24:00", to: "24:00"}`: false,
		`{from: "24:00", to: "08:00"}`: false, `{from: "08:00", to: "25:00"}`: false,
	} {
		if _, err := Parse([]byte(minimal + "hours: [" + text + "]\n")); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := catalogue.Embedded(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(cat); err != nil {
		t.Error(err)
	}
	c.Counters[0].Services = []string{"thu-ky"}
	c.Channels = map[string]string{"1.010041": "direct", "9.999999": "off"}
	c.Procedures = []string{"1.001193", "9.999998"}
	err = c.Check(cat)
	for _, want := range []string{"counters[0].services[0]", "channels[1.010041]", "channels[9.999999]", "procedures[1]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in %v", want, err)
		}
	}
}

func TestChannel(t *testing.T) {
	c := Config{Channels: map[string]string{"1.010041": "online", "1.001193": ChannelOff}}
	for code, want := range map[string]string{"1.010041": "online", "1.001193": "", "1.000656": "direct"} {
		if got := c.Channel(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{minimal, whole, "", "{", "a: &x [*x]", "unit: {code: [}]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b)
		if err != nil {
			return
		}
		out, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(out)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, out)
		}
		if second, _ := again.Marshal(); string(second) != string(out) {
			t.Fatalf("differs:\n%s\n%s", out, second)
		}
	})
}
