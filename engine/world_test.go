package engine_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// filled returns a value of T in which everything that can hold something
// does, the same at each call.
func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * time.Second)))
		return
	}
	if v.Type() == reflect.TypeFor[engine.Secret]() {
		return // a case holds none: System.Given is without it
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 8)) // with room, so that a careless append would be seen
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key, n)
			fill(t, value, n)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	default:
		t.Fatalf("nothing fills a %s", v.Type())
	}
}

// leaves calls visit with each simple value below v and its path.
func leaves(v reflect.Value, path string, visit func(path string, leaf reflect.Value)) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		visit(path, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			leaves(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		visit(path, v)
	}
}

// removable is a case in which nothing forbids a removal.
func removable() engine.Case {
	c := engine.Case{Org: "acme", Username: "priya-nair"}
	c.Session.Systems = []engine.System{{ID: engine.SystemHub, Who: "acme", Required: true, OK: true}}
	c.Member = engine.Member{Present: true, Owners: 1, Person: engine.Person{
		Username: "priya-nair", Email: "priya.nair@acme.example", Role: "member", Teams: []string{"legacy"},
	}}
	c.SCIM.Proven = true
	c.Expected = engine.Expectation{
		Provider: "Okta", Application: "Docker", Assigned: true, Provisioning: engine.SwitchOn, Role: "editor", Teams: []string{"backend"},
	}
	c.Snapshot.Taken = true
	c.Repositories = engine.Repositories{PrivateVisible: true, Personal: []engine.Repository{{Name: "priya-nair/tool"}}}
	c.Receipts = []engine.Receipt{{Action: engine.ActionHandOver, Change: engine.CopyChange("priya-nair/tool")}}
	for _, id := range engine.Facts() {
		c = c.WithSource(id, engine.Source{Name: "test", At: noon})
	}
	return c.WithCheck(engine.ActionHandOver, engine.Check{OK: true, At: noon}).
		WithAnswer(engine.AskSelf, engine.Answer{Value: "no", At: noon}).
		WithAnswer(engine.AskJIT, engine.Answer{Value: "off", At: noon})
}

func answer(c engine.Case, id engine.QuestionID, value string) engine.Case {
	return c.WithAnswer(id, engine.Answer{Value: value, At: noon})
}

func without(c engine.Case, id engine.FactID) engine.Case {
	return c.WithSource(id, engine.Source{Name: "test", At: noon, Missing: "the server refused"})
}
