package plugin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// places refuses what would speak past the register: in which country a thing of a plug-in lies is
// for the auditor's sites to say. Each list of places is of site: tokens, and a country: token may
// stand beside one, where it can only make it worse. The fact fits its kind.
func places(at string, fields []evidence.Field, in map[string]any) error {
	for _, field := range fields {
		list, _ := in[field.Name].([]any)
		here := at + "/" + field.Name
		switch {
		case field.Type == evidence.Place && field.List:
			if err := sited(here, list); err != nil {
				return err
			}
		case field.Type == evidence.Record:
			if one, ok := in[field.Name].(map[string]any); ok {
				list = []any{one}
			}
			for _, v := range list {
				one, _ := v.(map[string]any)
				if err := places(here, field.Fields, one); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func sited(at string, list []any) error {
	site := func(v any) bool {
		s, _ := v.(string)
		return strings.HasPrefix(s, "site:")
	}
	for _, v := range list {
		s, _ := v.(string)
		switch country := strings.HasPrefix(s, "country:"); {
		case site(v), country && slices.ContainsFunc(list, site):
		case country:
			return fmt.Errorf("%s: %s without a site: beside it: the country of a place is the register's to say", at, clean(s, 100))
		default:
			return fmt.Errorf("%s: %s is no place of a plug-in: write site:NAME, and name it in register.yaml", at, clean(s, 100))
		}
	}
	return nil
}
