package engine

import "slices"

// WithReceipts returns a copy of c with more receipts. A receipt replaces an earlier
// one for the same change of the same plan.
func (c Case) WithReceipts(more ...Receipt) Case {
	if len(more) == 0 {
		return c
	}
	c = c.Clone()
	for _, r := range more {
		i := slices.IndexFunc(c.Receipts, func(x Receipt) bool { return x.Plan == r.Plan && x.Change == r.Change })
		if i >= 0 {
			c.Receipts[i] = r
			continue
		}
		c.Receipts = append(c.Receipts, r)
	}
	return c
}
