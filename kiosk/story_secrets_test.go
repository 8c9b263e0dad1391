//go:build !release

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"tiepdan/kiosk/session"
)

// secrets are the words that tell who has been here in this story: all, or those named.
func (s *story) secrets(who ...string) []string {
	words := slices.Clone(s.typed)
	for _, p := range s.personas {
		if len(who) == 0 || slices.Contains(who, p.Name) {
			words = append(words, p.Secrets()...)
		}
	}
	return words
}

// codes are what opens their chips: too short to be looked for within other texts.
func (s *story) codes(who ...string) []string {
	codes := slices.Clone(s.digits)
	for _, p := range s.personas {
		if len(who) == 0 || slices.Contains(who, p.Name) {
			codes = append(codes, p.CAN())
		}
	}
	return codes
}

// remembered lists where the present view and state still know somebody who has
// been here, pictures among it.
func (s *story) remembered(who ...string) []string {
	state, _ := s.daemon.line.now()
	_, doc := s.screen.look()
	found := s.knows(state, doc, who...)
	for id, whose := range s.pictures {
		if _, _, ok := s.daemon.visits.Media(id); ok && (len(who) == 0 || slices.Contains(who, whose)) && !strings.Contains(shown(doc), id) {
			found = append(found, "a picture shown to "+whose)
		}
	}
	return found
}

// unpurged lists what is still known of the person after the promise is on disk,
// but for how to address them and the slip, which may have to be printed again.
func (s *story) unpurged() []string {
	state, _ := s.daemon.line.now()
	state.Visit.Slip = nil
	_, doc := s.screen.look()
	found := s.knows(state, doc)
	for id, whose := range s.faces {
		if _, _, ok := s.daemon.visits.Media(id); ok {
			found = append(found, "the portrait of "+whose)
		}
	}
	return found
}

// knows lists where a state and a view name somebody.
func (s *story) knows(state session.State, doc any, who ...string) (found []string) {
	state.Env, state.Coming = nil, nil // what the kiosk was told knows nobody
	secrets, codes := s.secrets(who...), s.codes(who...)
	for name, v := range map[string]any{"state": state, "view": doc} {
		words(reflect.ValueOf(v), name, func(path, word string) {
			for _, secret := range secrets {
				if strings.Contains(word, secret) {
					found = append(found, path+": "+secret)
				}
			}
			if slices.Contains(codes, word) {
				found = append(found, path+": the code of a card")
			}
		})
	}
	return found
}

// words calls visit with every text that can be reached from v. Redaction is
// for loggers: it sees through it.
func words(v reflect.Value, path string, visit func(path, word string)) {
	switch v.Kind() {
	case reflect.String:
		visit(path, v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			words(v.Elem(), path, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			words(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			visit(path, string(v.Bytes()))
			return
		}
		for i := range v.Len() {
			words(v.Index(i), fmt.Sprintf("%s.%d", path, i), visit)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			words(k, path+".key", visit)
			words(v.MapIndex(k), path+"."+k.String(), visit)
		}
	}
}

// leaks lists what the daemon has left behind of the people in this story: in
// its logs at the lowest level, its health report, its metrics, and its files
// with the write-ahead log.
func (s *story) leaks() []string {
	metrics := httptest.NewRecorder()
	s.daemon.stats.handler().ServeHTTP(metrics, httptest.NewRequest("GET", "/metrics", nil))
	places := map[string][]byte{"log": s.log.bytes(), "health report": s.daemon.report(), "metrics": metrics.Body.Bytes()}
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil || len(files) == 0 || metrics.Body.Len() == 0 {
		return []string{fmt.Sprintf("nothing to look at: %v", err)}
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return []string{err.Error()}
		}
		places[filepath.Base(file)] = b
	}
	var found []string
	for _, code := range s.codes() {
		alone := regexp.MustCompile(`\b` + code + `\b`)
		for _, place := range []string{"log", "health report", "metrics"} { // in a file six digits are anybody's
			if alone.Match(places[place]) {
				found = append(found, place+": the code of a card, "+code)
			}
		}
	}
	for _, secret := range s.secrets() {
		for form, b := range forms(secret) {
			for place, content := range places {
				if bytes.Contains(content, b) {
					found = append(found, fmt.Sprintf("%s: %q as %s", place, secret, form))
				}
			}
		}
	}
	return found
}

// forms are the ways a word may lie about: as it is, as UTF-16, in base64 at
// each of its three offsets, hashed.
func forms(word string) map[string][]byte {
	wide := utf16.Encode([]rune(word))
	little, big := make([]byte, 0, 2*len(wide)), make([]byte, 0, 2*len(wide))
	for _, c := range wide {
		little, big = binary.LittleEndian.AppendUint16(little, c), binary.BigEndian.AppendUint16(big, c)
	}
	hash := sha256.Sum256([]byte(word))
	all := map[string][]byte{
		"text": []byte(word), "UTF-16LE": little, "UTF-16BE": big,
		"SHA-256": hash[:], "SHA-256 in hex": []byte(hex.EncodeToString(hash[:])),
	}
	for offset := range 3 {
		b := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), word...))
		// The first and last letters hold bits of what stands around the word.
		all[fmt.Sprintf("base64+%d", offset)] = []byte(b[(offset*8+5)/6 : len(b)-1])
	}
	return all
}
