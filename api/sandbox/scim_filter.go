package sandbox

import (
	"errors"
	"fmt"
	"strings"
)

// scimFilter decides about one user, whose attributes are given by name in lower
// case.
type scimFilter func(attributes map[string]string) bool

// parseSCIMFilter reads the part of RFC 7644 section 3.4.2.2 that the Hub API
// reference names: eq, ne, co, sw, and, or, not and parentheses, without regard
// to the case of names. An empty text selects all.
func parseSCIMFilter(text string) (scimFilter, error) {
	if strings.TrimSpace(text) == "" {
		return func(map[string]string) bool { return true }, nil
	}
	words, err := scimWords(text)
	if err != nil {
		return nil, err
	}
	p := filterParser{words: words}
	f, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.at != len(words) {
		return nil, fmt.Errorf("unexpected %q", words[p.at].text)
	}
	return f, nil
}

type scimWord struct {
	text   string
	quoted bool
}

// scimWords splits into parentheses, quoted values and bare words.
func scimWords(text string) ([]scimWord, error) {
	var words []scimWord
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ', '\t':
			i++
		case '(', ')':
			words = append(words, scimWord{text: string(c)})
			i++
		case '"':
			var value strings.Builder
			for i++; ; i++ {
				if i >= len(text) {
					return nil, errors.New("a quoted value has no end")
				}
				if text[i] == '"' {
					i++
					break
				}
				if text[i] == '\\' && i+1 < len(text) {
					i++
				}
				value.WriteByte(text[i])
			}
			words = append(words, scimWord{text: value.String(), quoted: true})
		default:
			end := i
			for end < len(text) && !strings.ContainsRune(" \t()\"", rune(text[end])) {
				end++
			}
			words = append(words, scimWord{text: text[i:end]})
			i = end
		}
	}
	return words, nil
}

// maxFilterDepth bounds the nesting of parentheses.
const maxFilterDepth = 50

type filterParser struct {
	words []scimWord
	at    int
}

func (p *filterParser) next(keyword string) bool {
	if p.at < len(p.words) && !p.words[p.at].quoted && strings.EqualFold(p.words[p.at].text, keyword) {
		p.at++
		return true
	}
	return false
}

func (p *filterParser) or(depth int) (scimFilter, error) {
	left, err := p.and(depth)
	for err == nil && p.next("or") {
		var right scimFilter
		l := left
		right, err = p.and(depth)
		left = func(a map[string]string) bool { return l(a) || right(a) }
	}
	return left, err
}

func (p *filterParser) and(depth int) (scimFilter, error) {
	left, err := p.term(depth)
	for err == nil && p.next("and") {
		var right scimFilter
		l := left
		right, err = p.term(depth)
		left = func(a map[string]string) bool { return l(a) && right(a) }
	}
	return left, err
}

func (p *filterParser) term(depth int) (scimFilter, error) {
	if depth > maxFilterDepth {
		return nil, errors.New("nested too deeply")
	}
	if p.next("not") {
		f, err := p.term(depth + 1)
		return func(a map[string]string) bool { return !f(a) }, err
	}
	if p.next("(") {
		f, err := p.or(depth + 1)
		if err == nil && !p.next(")") {
			err = errors.New("a parenthesis has no end")
		}
		return f, err
	}
	return p.comparison()
}

// scimAttributes are the attributes that a filter may name, in lower case.
var scimAttributes = map[string]bool{
	"id": true, "username": true, "displayname": true, "active": true, "emails": true, "emails.value": true,
	"name.givenname": true, "name.familyname": true, "meta.created": true, "meta.lastmodified": true,
}

func (p *filterParser) comparison() (scimFilter, error) {
	if p.at+3 > len(p.words) {
		return nil, errors.New("an attribute, an operator and a value are wanted")
	}
	name, operator, value := p.words[p.at], strings.ToLower(p.words[p.at+1].text), p.words[p.at+2].text
	p.at += 3
	attribute := strings.TrimPrefix(strings.ToLower(name.text), "urn:ietf:params:scim:schemas:core:2.0:user:")
	if name.quoted || !scimAttributes[attribute] {
		return nil, fmt.Errorf("unknown attribute %q", name.text)
	}
	value = strings.ToLower(value)
	switch operator {
	case "eq":
		return func(a map[string]string) bool { return strings.ToLower(a[attribute]) == value }, nil
	case "ne":
		return func(a map[string]string) bool { return strings.ToLower(a[attribute]) != value }, nil
	case "co":
		return func(a map[string]string) bool { return strings.Contains(strings.ToLower(a[attribute]), value) }, nil
	case "sw":
		return func(a map[string]string) bool { return strings.HasPrefix(strings.ToLower(a[attribute]), value) }, nil
	}
	return nil, fmt.Errorf("unknown operator %q", operator)
}
