package scanner

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// A Profile says what a family of scanners can do. See profiles.yaml for what the
// fields mean.
type Profile struct {
	Name    string   `yaml:"name"`
	About   string   `yaml:"about"`
	Baud    int      `yaml:"baud"`
	End     string   `yaml:"end"`
	Aim     Command  `yaml:"aim"`
	AimOff  Command  `yaml:"aim_off"`
	Good    Command  `yaml:"good"`
	Bad     Command  `yaml:"bad"`
	Sources []Source `yaml:"sources"`
}

// A Source says where a fact of a profile was read; "[?]" says that nobody found one.
type Source struct {
	Fact string `yaml:"fact"`
	From string `yaml:"from"`
}

// A Command is bytes for the scanner, none if it has no such command.
type Command []byte

// UnmarshalYAML reads a command as it is written in Go: \x16T\r.
func (c *Command) UnmarshalYAML(raw []byte) error {
	var s string
	if err := yaml.Unmarshal(raw, &s); err != nil {
		return err
	}
	bytes, err := strconv.Unquote(`"` + s + `"`)
	if err != nil {
		return fmt.Errorf("command %q: %w", s, err)
	}
	*c = Command(bytes)
	return nil
}

const (
	endByte    = "byte"
	endSilence = "silence"
	maxCommand = 32
)

//go:embed profiles.yaml
var profilesYAML []byte

var profileName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Profiles returns the built-in profiles.
func Profiles() ([]Profile, error) { return ParseProfiles(profilesYAML) }

// ParseProfiles reads profiles and checks every one. Unknown fields are errors.
func ParseProfiles(raw []byte) ([]Profile, error) {
	var ps []Profile
	if err := yaml.UnmarshalWithOptions(raw, &ps, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("scanner profiles: %w", err)
	}
	seen := map[string]bool{}
	for _, p := range ps {
		if err := p.validate(); err != nil {
			return nil, fmt.Errorf("scanner profile %q: %w", p.Name, err)
		}
		if seen[p.Name] {
			return nil, fmt.Errorf("scanner profile %q is there twice", p.Name)
		}
		seen[p.Name] = true
	}
	return ps, nil
}

// ProfileNamed returns a built-in profile; no name is generic.
func ProfileNamed(name string) (Profile, error) {
	ps, err := Profiles()
	if err != nil {
		return Profile{}, err
	}
	names := make([]string, len(ps))
	for i, p := range ps {
		if p.Name == name || name == "" {
			return p, nil
		}
		names[i] = p.Name
	}
	return Profile{}, fmt.Errorf("no scanner profile %q; there are %s", name, strings.Join(names, ", "))
}

func (p Profile) validate() error {
	var errs []error
	field := func(name string, value any, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %v is not possible", name, value))
		}
	}
	field("name", p.Name, profileName.MatchString(p.Name))
	field("baud", p.Baud, slices.Contains([]int{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200}, p.Baud))
	field("end", fmt.Sprintf("%q (of %s, %s)", p.End, endByte, endSilence), p.End == endByte || p.End == endSilence)
	for name, c := range map[string]Command{"aim": p.Aim, "aim_off": p.AimOff, "good": p.Good, "bad": p.Bad} {
		field(name, fmt.Sprintf("%d bytes", len(c)), len(c) <= maxCommand)
	}
	field("aim_off", "without aim", len(p.Aim) > 0 || len(p.AimOff) == 0)
	for _, s := range p.Sources {
		field("sources", fmt.Sprintf("%q from %q", s.Fact, s.From), s.Fact != "" && s.From != "")
	}
	return errors.Join(errs...)
}
