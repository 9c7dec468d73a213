package part

import (
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// search finds people by words. Each word must occur in the username, name, address,
// role or a team; or its letters must occur in order in the username, the name or the
// local part of the address. Better matches come first, and equal ones keep the order
// of the people.
//
// It examines a limited number of people at a time, so that a key takes equally long
// however many there are.
type search struct {
	people []indexed
	all    []int32 // indices of all people
	query  string
	words  []string
	wanted uint64  // the letters of the words
	left   []int32 // still to be examined
	pool   []int32 // the matches, in order; a prefix of room
	room   []int32 // reused by each search to avoid allocations
	ranks  [rankNone][]int32
}

// indexed is the searchable text of a person, in lower case.
type indexed struct {
	letters uint64    // the letters that occur in it
	all     string    // the fields, separated by line breaks
	ends    [3]uint16 // of the username, the name, and the local part of the address
}

// names returns the fields that are searched letter by letter. They are substrings of
// all, which saves memory.
func (x *indexed) names() (list [3]string) {
	from := 0
	for i, end := range x.ends {
		list[i] = x.all[from:end]
		from = int(end) + 1
	}
	return list
}

// rank is the quality of a match. Lower is better.
type rank int

const (
	rankExact rank = iota // the username or the name is the word
	rankStart             // one of them begins with it
	rankWord              // a word of any field begins with it
	rankWithin
	rankFuzzy // only its letters occur, in order
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
	// stride is the number of people examined at a time.
	stride = 8192
	// mostScored is the maximum number of fuzzy matches that are sorted by score; the
	// others follow in their order.
	mostScored = 500
)

// begin starts a search. If the query extends the previous one, only its matches and
// the people not yet examined are searched.
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
	s.pool = s.room[:0] // it never grows past the person being examined
	s.step()
}

// step examines some more people.
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

// finish examines all remaining people.
func (s *search) finish() {
	for len(s.left) > 0 {
		s.step()
	}
}

// size returns the number of matches so far.
func (s *search) size() int {
	if len(s.words) == 0 {
		return len(s.all)
	}
	return len(s.pool)
}

// at returns the index of the nth best match.
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

// sort sorts fuzzy matches by score, best first.
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

// rank returns the rank of the worst-matching word.
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

// inOrder reports whether the bytes of word occur in text in order.
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

// letters returns the set of characters of a lower-case text, mapped to 64 bits. A
// person whose set lacks a bit of the query's need not be examined.
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

// found returns which bytes of a field to highlight for a query. Scattered letters are
// highlighted only for a word that does not occur in any field of the person.
func (x *indexed) found(text, query string) []bool {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return nil // lower case has another length
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
