package engine

import "slices"

// Functions about plans of which some changes were made and others not.

// WithUnfinished returns a copy of c which records that a plan was left unfinished.
// A retry needs the plan itself, because what it was made from may be gone.
func (c Case) WithUnfinished(p Plan) Case {
	c = c.Clone()
	if c.Unfinished == nil {
		c.Unfinished = map[ActionID]Plan{}
	}
	c.Unfinished[p.Action] = p
	return c
}

// Finished returns a copy of c without the record made by WithUnfinished.
func (c Case) Finished(id ActionID) Case {
	c = c.Clone()
	delete(c.Unfinished, id)
	return c
}

// Repeating returns a copy of c for a plan that is about to be carried out. The same
// plan may have been carried out before: those receipts no longer count for it.
func (c Case) Repeating(p Plan) Case {
	c, digest := c.Clone(), p.Digest()
	for i := range c.Receipts {
		c.Receipts[i].Earlier = c.Receipts[i].Earlier || c.Receipts[i].Plan == digest
	}
	return c
}

// Remaining lists the changes of the action's unfinished plan that have no
// receipt.
func (c Case) Remaining(id ActionID) []Change {
	p, ok := c.Unfinished[id]
	if !ok {
		return nil
	}
	return c.Unmade(p)
}

// ReceiptsOf returns the receipts of the plan, since it was last approved.
func (c Case) ReceiptsOf(p Plan) []Receipt {
	digest := p.Digest()
	return slices.DeleteFunc(slices.Clone(c.Receipts), func(r Receipt) bool { return r.Plan != digest || r.Earlier })
}

// Unmade returns the changes of the plan that have no receipt since it was last approved.
func (c Case) Unmade(p Plan) []Change {
	receipts := c.ReceiptsOf(p)
	return slices.DeleteFunc(slices.Clone(p.Changes), func(ch Change) bool {
		return slices.ContainsFunc(receipts, func(r Receipt) bool { return r.Change == ch.ID })
	})
}

// Owed lists the changes of the action's unfinished plan that would give back what the
// plan has taken away. They are to be made whatever else becomes of the plan.
func (c Case) Owed(id ActionID) []Change { return owed(c.Remaining(id)) }

// owed returns those of the remaining changes whose counterpart was made.
func owed(rest []Change) []Change {
	return slices.DeleteFunc(slices.Clone(rest), func(ch Change) bool {
		return ch.Restores == "" || slices.ContainsFunc(rest, func(x Change) bool { return x.ID == ch.Restores })
	})
}

// HalfDone lists the remaining changes of the action's plan if it was left half-way,
// so that something is to be done about it. A plan of which nothing was made is not,
// nor is one that takes and gives back, while nothing is owed, nor a push of which only
// a person's clicks are left: whether they were needed shows in Docker.
func (c Case) HalfDone(id ActionID) []Change {
	p, rest := c.Unfinished[id], c.Remaining(id)
	if len(rest) == len(p.Changes) {
		return nil
	}
	gives := slices.ContainsFunc(p.Changes, func(ch Change) bool { return ch.Restores != "" })
	clicks := id == ActionPush && !slices.ContainsFunc(rest, func(ch Change) bool { return ch.Kind != ChangeConsole })
	if (gives || clicks) && len(owed(rest)) == 0 {
		return nil
	}
	return rest
}

// HalfWay returns the plans that were left half-way, in the order of Actions.
func (c Case) HalfWay() []Plan {
	var plans []Plan
	for _, id := range append(Actions(), ActionUndo) {
		if len(c.HalfDone(id)) > 0 {
			plans = append(plans, c.Unfinished[id])
		}
	}
	return plans
}
