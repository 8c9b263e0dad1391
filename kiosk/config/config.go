// Package config is what a kiosk is told: where it stands, what it offers, and
// how strict it is. Types, a strict Load, and Validate; errors name the field
// and its value.
package config

// Config is a kiosk's configuration. The centre sends the first one at
// enrolment; it lives as DATA/config.yaml. Facts of the hardware are Devices:
// they belong to the machine and no centre overwrites them.
type Config struct {
	Unit           Unit              `yaml:"unit"`
	Site           string            `yaml:"site"`   // "Điểm hỗ trợ dịch vụ công số 2"
	Agency         string            `yaml:"agency"` // One-Stop agency id: ^[0-9A-Z]+(\.[0-9A-Z]+)*$
	Phone          string            `yaml:"phone"`  // to call when there is no code after a working day
	Attended       bool              `yaml:"attended"`
	Counters       []Counter         `yaml:"counters"` // none: a site without counters offers no numbers
	Officers       []Officer         `yaml:"officers"`
	Technician     string            `yaml:"technician"`      // argon2id hash in PHC form of the code that opens /technician; none: nobody gets in
	FilingRequires string            `yaml:"filing_requires"` // anchored | signed | read
	Channels       map[string]string `yaml:"channels"`        // procedure code → channel filed here; "off" switches filing off
	Procedures     []string          `yaml:"procedures"`      // offered here; empty: all
	Hours          []Hours           `yaml:"hours"`           // opening hours; none: always open
	Counting       Counting          `yaml:"counting"`
	Languages      []string          `yaml:"languages"`
	UplinkKbps     int               `yaml:"uplink_kbps,omitempty"` // the most of the line that papers may take, kilobits a second; 0: all of it
	Devices        Devices           `yaml:"devices"`
	TrustDir       string            `yaml:"trust_dir"` // CSCA anchors installed by the deployer
	Papers         map[string]any    `yaml:"papers"`    // layouts of the unit's own, in the form of drivers/printer/layouts.yaml
	Logo           string            `yaml:"logo"`      // at the head of papers: base64 of a PNG, at most 400 × 160 dots
}

// Unit is the administrative unit the kiosk serves.
type Unit struct {
	Code string `yaml:"code"` // "00004"
	Name string `yaml:"name"` // "UBND phường Ba Đình"
}

// A Counter calls tickets of the services it lists; none means all.
type Counter struct {
	Code     string   `yaml:"code"` // "1"
	Services []string `yaml:"services"`
}

// An Officer may sign in at /counter. PIN is an argon2id hash in PHC form.
type Officer struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	PIN  string `yaml:"pin"`
}

// Hours of one stretch of the day, "HH:MM", on the named days (mon…sun; none: every day).
type Hours struct {
	Days []string `yaml:"days"`
	From string   `yaml:"from"`
	To   string   `yaml:"to"`
}

// Counting are the tunables of a visit, in seconds; zero means the default of screens.md.
type Counting struct {
	IdleSeconds     int `yaml:"idle_seconds"`      // 45
	LongIdleSeconds int `yaml:"long_idle_seconds"` // 120 on question, papers, review
	WarnSeconds     int `yaml:"warn_seconds"`      // 30
	CardLeftSeconds int `yaml:"card_left_seconds"` // 60
}

// Devices are facts of this machine.
type Devices struct {
	Reader  string  `yaml:"reader"` // PC/SC reader name; empty: the first
	Printer Printer `yaml:"printer"`
	Scanner Scanner `yaml:"scanner"`
}

// Scanner is where and what the code scanner is. Without a port there is none, or
// one that types as a keyboard does.
type Scanner struct {
	Profile string `yaml:"profile"` // generic
	Serial  `yaml:",inline"`
}

// Printer is where and what the ticket printer is.
type Printer struct {
	Profile string         `yaml:"profile"`       // generic-80
	Own     map[string]any `yaml:"own,omitempty"` // a profile of its own instead, in the form of drivers/printer/profiles.yaml
	Serial  `yaml:",inline"`
}

// Serial is where a device is plugged in: a port by its path, or whatever port the
// device of a USB identity is plugged into, usb:1a86:7523 or usb:1a86:7523:SERIAL. A
// printer may also be at /dev/usb/lp0 or tcp:HOST.
type Serial struct {
	Port string `yaml:"port"` // /dev/serial/by-id/…
	Baud int    `yaml:"baud"` // 0: the profile's
}
