package part

import (
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// search finds people by words. Each word must be found in the username, the
// name, the address, the role or a team, as it stands; or its letters, in their
// order, in the username, the name or what is before the @ of the address.
// Better ways of being found come first, and within each the people keep their
// order, which is that of suspicion.
//
// It looks at a bounded number of people at a time, so that a key costs the
// same however many there are.
type search struct {
	people []indexed
	all    []int32 // everybody
	query  string
	words  []string
	wanted uint64  // the letters of the words
	left   []int32 // those still to be looked at
	pool   []int32 // those that were found, in their order; the head of room
	room   []int32 // written over by each search, so that a key leaves no garbage
	ranks  [rankNone][]int32
}

// indexed is what is looked at in a person, in lower case.
type indexed struct {
	letters uint64    // those that appear anywhere, see letters
	all     string    // every field, a line break between them
	ends    [3]uint16 // of the username, the name, and the address before its @
}

// names are the fields that are looked at letter by letter. They are cut out of
// all, so that fifty thousand people are not half a million pointers.
func (x *indexed) names() (list [3]string) {
	from := 0
	for i, end := range x.ends {
		list[i] = x.all[from:end]
		from = int(end) + 1
	}
	return list
}

// rank is how well a person was found. Lower is better.
type rank int

const (
	rankExact rank = iota // the username, the name or the address is the word
	rankStart             // one of them begins with it
	rankWord              // a word of any field begins with it
	rankWithin
	rankFuzzy // only the letters are there, in their order
	rankNone
)

func newSearch(people []engine.Person) *search {
	s := &search{people: make([]indexed, len(people)), all: make([]int32, len(people))}
	for i, p := range people {
		s.people[i] = index(p)
		s.all[i] = int32(i)
	}
	s.room = make([]int32, 0, len(people))
	return s
}

func index(p engine.Person) indexed {
	field := func(s string) string {
		s = strings.ReplaceAll(strings.ToLower(s), "\n", " ")
		return s[:min(len(s), maxScan)]
	}
	username, name, email := field(p.Username), field(p.Name), field(p.Email)
	local, _, _ := strings.Cut(email, "@")
	var teams strings.Builder
	for _, t := range p.Teams {
		teams.WriteString(field(t) + " ")
	}
	all := username + "\n" + name + "\n" + email + "\n" + field(p.Role) + "\n" + teams.String()
	x := indexed{letters: letters(all), all: all}
	end := 0
	for i, n := range []int{len(username), len(name), len(local)} {
		end += n
		x.ends[i] = uint16(end) //nolint:gosec // three times farthest at most
		end++
	}
	return x
}

const (
	// stride is how many people are looked at at a time.
	stride = 8192
	// mostScored is how many people who were found by letters alone are
	// compared with each other; the rest follow in their order.
	mostScored = 500
)

// begin starts to look for a query. One that goes on from the last one is
// looked for among its results, and among those whom it had not come to.
func (s *search) begin(query string) {
	goesOn := strings.HasPrefix(query, s.query) && len(s.words) > 0
	s.query, s.words = query, strings.Fields(strings.ToLower(query))
	s.wanted = letters(strings.Join(s.words, ""))
	for r := range s.ranks {
		s.ranks[r] = s.ranks[r][:0]
	}
	switch {
	case len(s.words) == 0:
		s.left, s.pool = nil, nil
		return
	case goesOn:
		s.room = append(s.pool, s.left...)
		s.left = s.room
	default:
		s.left = s.all
	}
	s.pool = s.room[:0] // never past the one who is looked at
	s.step()
}

// step looks at some more people.
func (s *search) step() {
	if len(s.left) == 0 {
		return
	}
	n := min(stride, len(s.left))
	for _, i := range s.left[:n] {
		x := &s.people[i]
		if s.wanted&^x.letters != 0 {
			continue
		}
		if r := x.rank(s.words); r < rankNone {
			s.pool = append(s.pool, i)
			s.ranks[r] = append(s.ranks[r], i)
		}
	}
	s.left = s.left[n:]
	if len(s.left) == 0 {
		s.sort(s.ranks[rankFuzzy])
	}
}

// finish looks at everybody who is left.
func (s *search) finish() {
	for len(s.left) > 0 {
		s.step()
	}
}

// size is how many were found so far.
func (s *search) size() int {
	if len(s.words) == 0 {
		return len(s.all)
	}
	return len(s.pool)
}

// at is the one found at a place, the best first.
func (s *search) at(n int) int32 {
	if len(s.words) == 0 {
		return s.all[n]
	}
	for _, list := range s.ranks {
		if n < len(list) {
			return list[n]
		}
		n -= len(list)
	}
	panic("beyond the end of a search")
}

// sort puts the best scores first.
func (s *search) sort(found []int32) {
	found = found[:min(len(found), mostScored)]
	scores := make(map[int32]int, len(found))
	for _, i := range found {
		for _, w := range s.words {
			names := s.people[i].names()
			if best := fuzzy.Find(w, names[:]); len(best) > 0 {
				scores[i] += best[0].Score
			}
		}
	}
	slices.SortStableFunc(found, func(a, b int32) int { return scores[b] - scores[a] })
}

// rank is that of the word that was found worst.
func (x *indexed) rank(words []string) rank {
	worst := rankExact
	for _, w := range words {
		worst = max(worst, x.rankOf(w))
	}
	return worst
}

func (x *indexed) rankOf(word string) rank {
	at := strings.Index(x.all, word)
	if at < 0 {
		for _, name := range x.names() {
			if inOrder(word, name) {
				return rankFuzzy
			}
		}
		return rankNone
	}
	best := rankWithin
	for n, field := range x.names() {
		if strings.HasPrefix(field, word) {
			best = rankStart
			if len(field) == len(word) && n < 2 {
				return rankExact
			}
		}
	}
	if best == rankStart {
		return best
	}
	for rest := x.all[at:]; ; {
		if at == 0 || !letterOrDigit(x.all[at-1]) {
			return rankWord
		}
		next := strings.Index(rest[1:], word)
		if next < 0 {
			return rankWithin
		}
		at += 1 + next
		rest = x.all[at:]
	}
}

// inOrder reports whether the characters of a word appear in a text one after
// the other.
func inOrder(word, text string) bool {
	for i := 0; i < len(word); i++ {
		at := strings.IndexByte(text, word[i])
		if at < 0 {
			return false
		}
		text = text[at+1:]
	}
	return true
}

func letterOrDigit(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80
}

// letters is a set of the characters of a lower-case text, each in one of 64
// places: a person without a place that a query needs need not be looked at.
func letters(s string) uint64 {
	var set uint64
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			set |= 1 << (c - 'a')
		case c >= '0' && c <= '9':
			set |= 1 << (26 + c - '0')
		default:
			set |= 1 << (36 + c%28)
		}
	}
	return set
}

// found are the bytes of a field that a query found, for the eye. Scattered
// letters count only where a word stands in no field of the person as it is.
func (x *indexed) found(text, query string) []bool {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return nil // a letter whose small form is longer
	}
	marks := make([]bool, len(text))
	for w := range strings.FieldsSeq(strings.ToLower(query)) {
		if at := strings.Index(lower, w); at >= 0 {
			for i := range len(w) {
				marks[at+i] = true
			}
		}
		if strings.Contains(x.all, w) {
			continue
		}
		for _, m := range fuzzy.Find(w, []string{lower}) {
			for _, i := range m.MatchedIndexes {
				marks[i] = true
			}
		}
	}
	return marks
}
