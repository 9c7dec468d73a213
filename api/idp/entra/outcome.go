package entra

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// outcome is the response to provisionOnDemand: two strings that contain JSON
// (Microsoft Graph, stringKeyStringValuePair).
type outcome struct {
	Key struct {
		Result  string `json:"result"` // Success, Skipped, Failure
		Details struct {
			Code    string `json:"errorCode"`
			Message string `json:"errorMessage"`
		} `json:"details"`
	}
	Value struct {
		Action string `json:"action"`
		Steps  []step `json:"provisioningSteps"`
		Status status `json:"statusInfo"`
		Target struct {
			ID string `json:"id"`
		} `json:"targetIdentity"`
	}
}

// step is one step of provisioning a person. The log has the type under another name
// than the response to provisionOnDemand.
type step struct {
	Name        string         `json:"name"`
	Type        string         `json:"type"` // Import, Scoping, Matching, Export
	LogType     string         `json:"provisioningStepType"`
	Status      string         `json:"status"` // Success, Skipped, Failure, Warning
	Description string         `json:"description"`
	Details     map[string]any `json:"details"`
}

func (s step) kind() string {
	if s.Type != "" {
		return s.Type
	}
	return s.LogType
}

func (s step) failed() bool { return strings.EqualFold(s.Status, "failure") }

// status is a provisioningStatusInfo, or the equivalent in a response to
// provisionOnDemand.
type status struct {
	Status      string `json:"status"`
	Code        string `json:"errorCode"`
	Reason      string `json:"reason"`
	Additional  string `json:"additionalDetails"`
	Recommended string `json:"recommendedAction"`
	Information *struct {
		Code        string `json:"errorCode"`
		Reason      string `json:"reason"`
		Additional  string `json:"additionalDetails"`
		Recommended string `json:"recommendedAction"`
	} `json:"errorInformation"`
}

// parts returns the error code and the texts about the error.
func (s status) parts() (code string, texts []string) {
	if i := s.Information; i != nil {
		return i.Code, []string{i.Reason, i.Additional, i.Recommended}
	}
	return s.Code, []string{s.Reason, s.Additional, s.Recommended}
}

func (s status) reason() string {
	code, texts := s.parts()
	return words(code, texts...)
}

// words joins a code and texts, omitting repetitions.
func words(code string, texts ...string) string {
	var out []string
	for _, t := range texts {
		t = strings.TrimSuffix(strings.TrimSpace(t), ".")
		if t != "" && !strings.Contains(strings.Join(out, ". "), t) {
			out = append(out, t)
		}
	}
	text := strings.Join(out, ". ")
	switch {
	case text == "":
		return code
	case code == "" || strings.Contains(text, code):
		return text
	}
	return text + " (" + code + ")"
}

func decode(body []byte) (outcome, error) {
	var pair struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	var o outcome
	if json.Unmarshal(body, &pair) != nil || json.Unmarshal([]byte(pair.Key), &o.Key) != nil {
		return o, fmt.Errorf("entra: provision on demand: the answer cannot be read, so whether the person was provisioned has to be seen in Docker: %w", transport.ErrNotJSON)
	}
	// The steps only explain the result, so an error in them is ignored.
	_ = json.Unmarshal([]byte(pair.Value), &o.Value)
	return o, nil
}

// redundant is the code for a person who needs no update.
const redundant = "RedundantExport"

// accepted reports whether Entra considers the person to be in Docker.
func (o outcome) accepted() bool {
	switch strings.ToLower(o.Key.Result) {
	case "success":
		return true
	case "skipped":
		return o.Key.Details.Code == redundant
	}
	return false
}

// reason returns why the person was not provisioned, including the step that failed.
func (o outcome) reason() string {
	texts := []string{o.Key.Details.Message}
	for _, s := range o.Value.Steps {
		if s.failed() || strings.EqualFold(s.Status, "skipped") {
			texts = append(texts, fmt.Sprintf("%s: %s", s.kind(), s.Description))
		}
	}
	code, more := o.Value.Status.parts()
	if o.Key.Details.Code != "" {
		code = o.Key.Details.Code
	}
	if text := words(code, append(texts, more...)...); text != "" {
		return text
	}
	return "it says " + o.Key.Result + ", and not why"
}

// steps summarizes the steps in one line.
func (o outcome) steps() string {
	var out []string
	for _, s := range o.Value.Steps {
		line := fmt.Sprintf("%s: %s", strings.ToLower(s.kind()), strings.ToLower(s.Status))
		if s.Description != "" {
			line += " (" + strings.TrimSuffix(s.Description, ".") + ")"
		}
		out = append(out, line)
	}
	if len(out) == 0 {
		return "result: " + o.Key.Result
	}
	return strings.Join(out, "; ")
}
