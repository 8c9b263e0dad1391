package catalogue

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

//go:embed data
var embedded embed.FS

// Embedded loads the catalogue this program was built with, as in force on the given day;
// see [Source.On].
func Embedded(on time.Time) (*Catalogue, error) { return BuiltIn().On(on) }

var embeddedSince = time.Date(2026, 7, 18, 0, 0, 0, 0, vietnam)

// Limits of what is read, so that a broken or hostile catalogue can't exhaust a kiosk.
const (
	maxFile  = 256 << 10
	maxFiles = 10_000
	maxDepth = 24
)

// The files of a catalogue. Each lists versions; the one in force is taken.
type servicesFile struct {
	EffectiveFrom Date       `yaml:"effective_from"`
	EffectiveTo   Date       `yaml:"effective_to"`
	Services      []*Service `yaml:"services"`
}

type unitsFile struct {
	EffectiveFrom Date   `yaml:"effective_from"`
	EffectiveTo   Date   `yaml:"effective_to"`
	Province      string `yaml:"province"`
	Source        string `yaml:"source"`
	Units         []Unit `yaml:"units"`
}

type consentsFile struct {
	Consents []Consent `yaml:"consents"`
}

type slipsFile struct {
	Slips []Slip `yaml:"slips"`
}

// Load reads a catalogue directory as in force on the day of on:
//
//	services.yaml units.yaml consents.yaml slips.yaml
//	procedures/1.001193.yaml    one file a procedure; a further version of the
//	procedures/1.001193@v2.yaml same code has anything after an "@"
//
// Everything is checked, and all that is wrong comes back joined; each error
// names file, field and value. An unknown field, an anchor, an alias or a tag is an error.
func Load(fsys fs.FS, on time.Time) (*Catalogue, error) {
	l := &loader{fsys: fsys, on: DateOf(on), hash: map[string][]byte{}}
	c := l.load()
	if err := errors.Join(l.errs...); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}

type loader struct {
	fsys fs.FS
	on   Date
	hash map[string][]byte // SHA-256 of each file read
	errs []error

	changes []Date // days on which something comes into or goes out of force
}

func (l *loader) load() *Catalogue {
	c := &Catalogue{
		On:         l.on,
		procedures: map[string]*Procedure{},
		serviceOf:  map[string]*Service{},
		units:      map[string]Unit{},
		unitNames:  map[string]string{},
	}
	all := l.procedures()
	for _, file := range all {
		p := file.procedure
		if !l.inForce(p.EffectiveFrom, p.EffectiveTo) {
			continue
		}
		if _, twice := c.procedures[p.Code]; twice {
			l.fail(file.name, "effective_from", p.EffectiveFrom, "another version of this procedure is in force on the same day")
			continue
		}
		c.procedures[p.Code] = p
	}

	services := one[servicesFile](l, "services.yaml")
	if l.inForce(services.EffectiveFrom, services.EffectiveTo) {
		l.services(c, services.Services, all)
	} else {
		l.fail("services.yaml", "effective_from", services.EffectiveFrom, "not in force on "+l.on.String())
	}
	l.offers(c, all)

	units := one[unitsFile](l, "units.yaml")
	if l.inForce(units.EffectiveFrom, units.EffectiveTo) {
		l.units(c, units)
	} else {
		l.fail("units.yaml", "effective_from", units.EffectiveFrom, "not in force on "+l.on.String())
	}
	l.consents(c, one[consentsFile](l, "consents.yaml").Consents)
	l.slips(c, one[slipsFile](l, "slips.yaml").Slips)

	for _, day := range l.changes {
		if day.After(l.on.Time) && (c.NextChange.IsZero() || day.Before(c.NextChange.Time)) {
			c.NextChange = day
		}
	}
	c.Version = l.version()
	c.index = procedureIndex(c.Procedures())
	return c
}

// inForce tells whether [from, to] holds the day that is loaded, and remembers
// the days on which that changes.
func (l *loader) inForce(from, to Date) bool {
	if !from.IsZero() {
		l.changes = append(l.changes, from)
	}
	if !to.IsZero() {
		l.changes = append(l.changes, Date{to.AddDate(0, 0, 1)})
	}
	return inForce(from, to, l.on)
}

// version hashes names and contents of all files that were read.
func (l *loader) version() string {
	names := make([]string, 0, len(l.hash))
	for name := range l.hash {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%s\n%x\n", name, l.hash[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// fail notes what is wrong with a value in a file.
func (l *loader) fail(file, field string, value any, why string) {
	l.errs = append(l.errs, &LoadError{File: file, Field: field, Value: fmt.Sprint(value), Why: why})
}

// A LoadError is one thing wrong in a catalogue.
type LoadError struct {
	File  string // "procedures/1.001193.yaml"
	Field string // "form.questions[nksHoTen].type"; empty for the file as a whole
	Value string
	Why   string
}

func (e *LoadError) Error() string {
	if e.Field == "" {
		return e.File + ": " + e.Why
	}
	value := e.Value
	if len(value) > 80 {
		value = strings.ToValidUTF8(value[:80], "") + "…"
	}
	return fmt.Sprintf("%s: %s: %q: %s", e.File, e.Field, value, e.Why)
}

type procedureFile struct {
	name      string
	procedure *Procedure
}

func (l *loader) procedures() []procedureFile {
	const dir = "procedures"
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		l.fail(dir, "", "", err.Error())
		return nil
	}
	if len(entries) > maxFiles {
		l.fail(dir, "", "", fmt.Sprintf("%d files, at most %d", len(entries), maxFiles))
		return nil
	}
	var files []procedureFile
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		stem, ok := strings.CutSuffix(e.Name(), ".yaml")
		if !ok || e.IsDir() {
			l.fail(name, "", "", "not a .yaml file")
			continue
		}
		before := len(l.errs)
		p := one[Procedure](l, name)
		if len(l.errs) > before {
			continue
		}
		if code, _, _ := strings.Cut(stem, "@"); p.Code != code {
			l.fail(name, "code", p.Code, "the file is named for "+code)
		}
		l.checkProcedure(name, &p)
		files = append(files, procedureFile{name, &p})
	}
	return files
}

// one reads and decodes a single file; on failure it notes why and returns a zero T.
func one[T any](l *loader, name string) T {
	var v, zero T
	b, err := readLimited(l.fsys, name)
	if err != nil {
		l.fail(name, "", "", err.Error())
		return zero
	}
	sum := sha256.Sum256(b)
	l.hash[name] = sum[:]
	err = DecodeStrict(b, &v)
	if bad, ok := errors.AsType[*valueError](err); ok {
		l.fail(name, bad.field, bad.value, bad.why)
		return zero
	}
	if err != nil {
		l.fail(name, "", "", err.Error())
		return zero
	}
	return v
}

func readLimited(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("larger than %d KiB", maxFile>>10)
	}
	return b, nil
}

// DecodeStrict decodes one YAML document into v, for every YAML file a kiosk
// reads. Beyond unknown and repeated fields it refuses what plain data does not
// need and what can blow up: anchors, aliases, merge keys, tags, several
// documents, deep nesting. Errors have line and column.
func DecodeStrict(b []byte, v any) error {
	if !validText(b) {
		return errors.New("not plain UTF-8 text")
	}
	depth := 0
	for _, t := range lexer.Tokenize(string(b)) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.DocumentEndType:
			return fmt.Errorf("[%d:%d] %q is not allowed here", t.Position.Line, t.Position.Column, t.Value)
		case token.DocumentHeaderType:
			if t.Prev != nil {
				return fmt.Errorf("[%d:%d] more than one document", t.Position.Line, t.Position.Column)
			}
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxDepth {
				return fmt.Errorf("[%d:%d] nested too deep", t.Position.Line, t.Position.Column)
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.InvalidType:
			return fmt.Errorf("[%d:%d] not YAML", t.Position.Line, t.Position.Column)
		}
		if t.Position.IndentNum > 4*maxDepth {
			return fmt.Errorf("[%d:%d] nested too deep", t.Position.Line, t.Position.Column)
		}
	}
	err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(v)
	if errors.Is(err, io.EOF) {
		return errors.New("empty")
	}
	if bad, ok := errors.AsType[*valueError](err); ok {
		return bad
	}
	if err != nil {
		return errors.New(yaml.FormatError(err, false, false))
	}
	return nil
}

// A valueError is a value that its own type refuses, and the field it stands in.
type valueError struct{ field, value, why string }

func (e *valueError) Error() string { return fmt.Sprintf("%s: %q: %s", e.field, e.value, e.why) }

// validText keeps control characters, which no editor shows, out of the data.
func validText(b []byte) bool {
	for _, r := range string(b) {
		if r == '\uFFFD' || r < ' ' && r != '\n' || r == 0x7f || r == '\uFEFF' {
			return false
		}
	}
	return true
}
