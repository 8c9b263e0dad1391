package config

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"

	"tiepdan/kiosk/catalogue"
)

// maxFile bounds what is read: a configuration is a page or two.
const maxFile = 256 << 10

// Load reads, completes and validates a configuration file. A missing file is
// fs.ErrNotExist.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	c, err := Parse(b)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse decodes strictly (an unknown or repeated field is an error with its
// line), fills in the defaults and validates.
func Parse(b []byte) (Config, error) {
	if len(b) > maxFile {
		return Config{}, fmt.Errorf("config: larger than %d KiB", maxFile>>10)
	}
	var c Config
	if err := catalogue.DecodeStrict(b, &c); err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	c = c.withDefaults()
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Marshal writes the configuration as Parse reads it.
func (c Config) Marshal() ([]byte, error) {
	b, err := yaml.MarshalWithOptions(c, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return b, nil
}

// LoadDevices reads what [Devices.Marshal] wrote: the facts of a machine that stands nowhere yet.
func LoadDevices(path string) (Devices, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Devices{}, fmt.Errorf("config: %w", err)
	}
	var d Devices
	if err := catalogue.DecodeStrict(b, &d); err != nil {
		return Devices{}, fmt.Errorf("%s: %w", path, err)
	}
	return d.complete()
}

// DevicesOf reads the facts of a machine out of a configuration, whatever else is wrong
// with that: a better one is to replace it, and not what the machine is made of.
func DevicesOf(path string) (Devices, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Devices{}, fmt.Errorf("config: %w", err)
	}
	var only struct {
		Devices Devices `yaml:"devices"`
	}
	if err := yaml.Unmarshal(b, &only); err != nil {
		return Devices{}, fmt.Errorf("%s: %w", path, err)
	}
	return only.Devices.complete()
}

// complete fills in the defaults and validates.
func (d Devices) complete() (Devices, error) {
	d = Config{Devices: d}.withDefaults().Devices
	var p problems
	d.validate(&p)
	return d, p.err()
}

// Marshal writes the facts of a machine alone.
func (d Devices) Marshal() ([]byte, error) {
	b, err := yaml.MarshalWithOptions(d, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return b, nil
}

// Default is what a kiosk goes by until it is told something it can use.
func Default() Config { return Config{}.withDefaults() }

// withDefaults is the one place where what was left out gets its value.
func (c Config) withDefaults() Config {
	if c.FilingRequires == "" {
		c.FilingRequires = FilingAnchored
	}
	if len(c.Languages) == 0 {
		c.Languages = []string{"vi", "en"}
	}
	if c.Devices.Printer.Profile == "" {
		c.Devices.Printer.Profile = "generic-80"
	}
	if c.Devices.Scanner.Profile == "" {
		c.Devices.Scanner.Profile = "generic"
	}
	for _, d := range []struct {
		field *int
		value int
	}{
		{&c.Counting.IdleSeconds, 45},
		{&c.Counting.LongIdleSeconds, 120},
		{&c.Counting.WarnSeconds, 30},
		{&c.Counting.CardLeftSeconds, 60},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return c
}

// A FieldError is one wrong value.
type FieldError struct {
	Field string // "counters[1].services[0]"
	Value string
	Why   string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("config: %s: %q: %s", e.Field, e.Value, e.Why)
}

// problems collects FieldErrors.
type problems []error

func (p *problems) add(field string, value any, why string) {
	*p = append(*p, &FieldError{Field: field, Value: fmt.Sprint(value), Why: why})
}

func (p problems) err() error { return errors.Join(p...) }
