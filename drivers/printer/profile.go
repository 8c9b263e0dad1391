package printer

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// A Profile says what a family of printers can do. See profiles.yaml for what
// the fields mean.
type Profile struct {
	Name    string `yaml:"name"`
	About   string `yaml:"about"`
	Dots    int    `yaml:"dots"`
	Baud    int    `yaml:"baud"`
	Glyphs  string `yaml:"glyphs"`
	QR      string `yaml:"qr"`
	Cutter  string `yaml:"cutter"`
	Tail    int    `yaml:"tail"`
	Status  string `yaml:"status"`
	Finish  string `yaml:"finish"`
	Justify bool   `yaml:"justify"`
	Double  bool   `yaml:"double"`

	DPI       int      `yaml:"dpi"`
	Columns   int      `yaml:"columns"` // of font A, 12 × 24 dots
	FeedUnits int      `yaml:"feed_units"`
	MaxGlyphs int      `yaml:"max_glyphs"`
	Styled    bool     `yaml:"styled"`
	Presenter string   `yaml:"presenter"`
	Reverse   bool     `yaml:"reverse"`
	Smooth    bool     `yaml:"smooth"`
	Speed     int      `yaml:"speed"` // mm/s; 0: unknown
	USB       []USB    `yaml:"usb"`
	Match     []string `yaml:"match"` // what it calls itself
	Quirks    []string `yaml:"quirks"`
	Sources   []Source `yaml:"sources"`
}

// USB is how printers of a family call themselves on the bus.
type USB struct {
	Vendor  string `yaml:"vendor"` // four hexadecimal digits
	Product string `yaml:"product"`
	About   string `yaml:"about"`
}

// A Source says where a fact of a profile was read; "[?]" says that nobody found
// one, and that the profile is careful instead.
type Source struct {
	Fact string `yaml:"fact"`
	From string `yaml:"from"`
}

// The values of a profile's choices.
const (
	choiceNone    = "none"
	choiceRaster  = "raster"
	glyphsDown    = "downloaded"
	qrNative      = "native"
	cutterFull    = "full"
	cutterPartial = "partial"

	presenterEject = "eject"
	statusDLEEOT   = "dle-eot"
	finishGSr      = "gs-r"
)

//go:embed profiles.yaml
var profilesYAML []byte

var usbID = regexp.MustCompile(`^[0-9a-f]{4}$`)

var profileName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Profiles returns the built-in profiles.
func Profiles() ([]Profile, error) { return ParseProfiles(profilesYAML) }

// ParseProfiles reads profiles and checks every one. Unknown fields are errors.
func ParseProfiles(raw []byte) ([]Profile, error) {
	var ps []Profile
	if err := yaml.UnmarshalWithOptions(raw, &ps, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("printer profiles: %w", err)
	}
	seen := map[string]bool{}
	for _, p := range ps {
		if err := p.Validate(); err != nil {
			return nil, fmt.Errorf("printer profile %q: %w", p.Name, err)
		}
		if seen[p.Name] {
			return nil, fmt.Errorf("printer profile %q is there twice", p.Name)
		}
		seen[p.Name] = true
	}
	return ps, nil
}

// ProfileNamed returns a built-in profile.
func ProfileNamed(name string) (Profile, error) {
	ps, err := Profiles()
	if err != nil {
		return Profile{}, err
	}
	names := make([]string, len(ps))
	for i, p := range ps {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	return Profile{}, fmt.Errorf("no printer profile %q; there are %s", name, strings.Join(names, ", "))
}

// Validate says everything that is wrong with a profile.
func (p Profile) Validate() error {
	var errs []error
	field := func(name string, value any, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %v is not possible", name, value))
		}
	}
	choice := func(name, value string, from ...string) {
		field(name, fmt.Sprintf("%q (of %s)", value, strings.Join(from, ", ")), slices.Contains(from, value))
	}
	field("name", p.Name, profileName.MatchString(p.Name))
	field("dots", p.Dots, p.Dots >= 200 && p.Dots <= 1000 && p.Dots%8 == 0)
	field("baud", p.Baud, slices.Contains([]int{9600, 19200, 38400, 57600, 115200, 230400}, p.Baud))
	field("tail", p.Tail, p.Tail >= 0 && p.Tail <= 400)
	choice("glyphs", p.Glyphs, choiceRaster, glyphsDown)
	choice("qr", p.QR, choiceRaster, qrNative)
	field("qr", p.QR+" with glyphs "+p.Glyphs, p.QR == choiceRaster || p.Glyphs == glyphsDown)
	field("dpi", p.DPI, p.DPI == 180 || p.DPI == 203)
	field("columns", p.Columns, p.Columns >= 16 && p.Columns*cellWidth <= p.Dots)
	field("feed_units", p.FeedUnits, p.FeedUnits >= 0 && p.FeedUnits <= 2)
	if p.Glyphs == glyphsDown { // one line of nothing but accented letters has to fit
		field("max_glyphs", p.MaxGlyphs, p.MaxGlyphs >= p.Columns && p.MaxGlyphs <= lastCode-firstCode+1)
	}
	field("speed", p.Speed, p.Speed >= 0 && p.Speed <= 1000)
	for _, u := range p.USB {
		field("usb", u.Vendor+":"+u.Product, usbID.MatchString(u.Vendor) && usbID.MatchString(u.Product))
	}
	for _, s := range p.Sources {
		field("sources", fmt.Sprintf("%q from %q", s.Fact, s.From), s.Fact != "" && s.From != "")
	}
	choice("presenter", p.Presenter, "", presenterEject)
	field("presenter", p.Presenter+" with cutter "+p.Cutter, p.Presenter == "" || p.Cutter != choiceNone)
	choice("cutter", p.Cutter, cutterFull, cutterPartial, choiceNone)
	choice("status", p.Status, statusDLEEOT, choiceNone)
	choice("finish", p.Finish, finishGSr, choiceNone)
	field("finish", p.Finish+" with status "+p.Status, p.Finish == choiceNone || p.Status != choiceNone)
	if p.Cutter != choiceNone {
		field("tail", p.Tail, p.Tail >= 96) // or the cut goes through the last 12 mm
	}
	return errors.Join(errs...)
}
