package catalogue

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// An Index finds entries by what people type: without diacritics, words in any
// order, the last word unfinished, words run together, one typo a word. It is
// immutable and safe for concurrent use.
type Index struct {
	terms    map[string]int // term → its place in postings
	sorted   []string       // single words, sorted, for unfinished and mistyped ones
	pairs    []string       // two neighbouring words run together, sorted
	postings [][]posting
	boost    []float32 // by entry
}

// An Entry is what an Index finds.
type Entry struct {
	Texts []WeightedText
	Boost float64 // added to what matches anyway, to break ties
}

// WeightedText is a text of an entry and how much a hit in it counts.
type WeightedText struct {
	Text   string
	Weight float64
}

type posting struct {
	entry  int32
	weight float32
}

// NewIndex builds an index over entries; Search answers with their positions.
func NewIndex(entries []Entry) *Index {
	x := &Index{terms: map[string]int{}, boost: make([]float32, len(entries))}
	isPair := map[string]bool{}
	for i, e := range entries {
		x.boost[i] = float32(e.Boost)
		best := map[string]float64{}
		for _, t := range e.Texts {
			words := foldWords(t.Text)
			// A hit in a short text says more than one in a paragraph.
			weight := t.Weight * (0.6 + 0.4/math.Sqrt(math.Max(1, float64(len(words))/6)))
			for j, w := range words {
				best[w] = max(best[w], weight)
				if j > 0 {
					pair := words[j-1] + w
					best[pair] = max(best[pair], weight)
					isPair[pair] = true
				}
			}
		}
		for term, weight := range best {
			n, ok := x.terms[term]
			if !ok {
				n = len(x.postings)
				x.terms[term] = n
				x.postings = append(x.postings, nil)
			}
			x.postings[n] = append(x.postings[n], posting{int32(i), float32(weight)})
		}
	}
	for term := range x.terms {
		if isPair[term] {
			x.pairs = append(x.pairs, term)
		} else {
			x.sorted = append(x.sorted, term)
		}
	}
	slices.Sort(x.sorted)
	slices.Sort(x.pairs)
	return x
}

// How well a word of the query is met.
const (
	exactHit  = 1.0
	prefixHit = 0.7
	typoHit   = 0.5
	pairHit   = 0.8 // two words standing next to each other, on top of each alone

	maxQueryWords = 12
	telling       = 3   // letters of a word that says something alone: "ly", "so", "xe" do not
	leastShare    = 0.3 // of the best one's score: what is far behind it is no answer
)

// Search returns the positions of the best entries, at most limit, best first.
// It rather finds few than what only resembles: half of the words must be met,
// and among them a telling one without a typo, or else all of them.
func (x *Index) Search(query string, limit int) []int {
	words := foldWords(query)
	if len(words) > maxQueryWords {
		words = words[:maxQueryWords]
	}
	if len(words) == 0 || len(x.boost) == 0 {
		return nil
	}
	score := make([]float32, len(x.boost))
	met := make([]uint8, len(x.boost)) // how many words of the query an entry meets
	best := make([]float32, len(x.boost))
	sure := make([]bool, len(x.boost)) // meets a telling word without a typo
	var touched []int32

	for i, w := range words {
		x.matches(w, i == len(words)-1, func(n int, quality float64) {
			idf := x.idf(n)
			for _, p := range x.postings[n] {
				if best[p.entry] == 0 {
					touched = append(touched, p.entry)
				}
				best[p.entry] = max(best[p.entry], float32(quality*idf)*p.weight)
				sure[p.entry] = sure[p.entry] || len(w) >= telling && quality >= prefixHit
			}
		})
		for _, e := range touched {
			score[e] += best[e]
			met[e]++
			best[e] = 0
		}
		touched = touched[:0]
		if i > 0 {
			if n, ok := x.terms[words[i-1]+w]; ok {
				idf := x.idf(n)
				for _, p := range x.postings[n] {
					score[p.entry] += float32(pairHit*idf) * p.weight
				}
			}
		}
	}

	var found []int
	for e := range score {
		if met[e] == 0 {
			continue
		}
		share := float32(met[e]) / float32(len(words))
		if share < 0.5 || !sure[e] && share < 1 {
			continue
		}
		score[e] *= share * share
		score[e] += x.boost[e] * share
		found = append(found, e)
	}
	slices.SortStableFunc(found, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	if len(found) > 0 {
		least := score[found[0]] * leastShare
		found = slices.DeleteFunc(found, func(e int) bool { return score[e] < least })
	}
	return found[:min(limit, len(found))]
}

// idf is how telling a term is: common words say little.
func (x *Index) idf(n int) float64 {
	return math.Log(1 + float64(len(x.boost))/float64(len(x.postings[n])))
}

// matches finds the terms a word of a query may mean. Only the last word may be
// unfinished, and a word that is one has no typo: "hôn" is not "con".
func (x *Index) matches(w string, last bool, emit func(term int, quality float64)) {
	n, known := x.terms[w]
	if known {
		emit(n, exactHit)
	}
	// Two words run together are long; short beginnings of them say nothing.
	for _, list := range []struct {
		terms             []string
		minPrefix, minFix int
	}{{x.sorted, 2, 3}, {x.pairs, 5, 6}} {
		if last && len(w) >= list.minPrefix {
			from, _ := slices.BinarySearch(list.terms, w)
			for _, t := range list.terms[from:] {
				if !strings.HasPrefix(t, w) {
					break
				}
				if t != w {
					emit(x.terms[t], prefixHit)
				}
			}
		}
		if !known && len(w) >= list.minFix {
			for _, t := range list.terms {
				if t != w && oneTypo(w, t) {
					emit(x.terms[t], typoHit)
				}
			}
		}
	}
}

// oneTypo tells whether a and b differ by one letter: missing, too many, wrong,
// or two neighbours swapped. Both are ASCII for all practical purposes.
func oneTypo(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) {
		return true
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// Fold takes off case and Vietnamese diacritics: "Đăng ký" becomes "dang ky".
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ' || r == 'Đ':
			b.WriteByte('d')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

const maxQuery = 4096 // bytes that are looked at; names of procedures reach 1,500

// foldWords splits into words of letters and digits; the dots of a procedure's
// code stay inside it ("1.001193").
func foldWords(s string) []string {
	if len(s) > maxQuery {
		s = strings.ToValidUTF8(s[:maxQuery], "")
	}
	words := strings.FieldsFunc(Fold(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.'
	})
	out := words[:0]
	for _, w := range words {
		// ky and ki, quy and qui are spelt both ways; one form for both.
		if w = strings.Trim(w, "."); w != "" {
			out = append(out, strings.ReplaceAll(w, "y", "i"))
		}
	}
	return out
}

// Search finds procedures by name, official name, keywords or code, best first,
// at most ten.
func (c *Catalogue) Search(query string) []*Procedure {
	all := c.Procedures()
	var out []*Procedure
	for _, i := range c.index.Search(query, 10) {
		out = append(out, all[i])
	}
	return out
}

func procedureIndex(all []*Procedure) *Index {
	entries := make([]Entry, len(all))
	for i, p := range all {
		if p.Essential > 0 {
			entries[i].Boost = 0.3
		}
		entries[i].Texts = []WeightedText{
			{p.Name.VI, 1}, {p.Name.EN, 0.7}, {p.Official, 0.6}, {p.Code, 1}, {p.Field.Name, 0.3},
		}
		for _, k := range slices.Concat(p.Keywords, p.Replaces) {
			entries[i].Texts = append(entries[i].Texts, WeightedText{k, 0.9})
		}
	}
	return NewIndex(entries)
}
