// node:vm, a fresh context a request. Not an isolation boundary: here only as what people reach for.
import vm from 'node:vm';
import { serve } from '../serve.mjs';

serve((script, input) => {
  const context = vm.createContext({ json: JSON.stringify(input) });
  vm.runInContext(script, context);
  return vm.runInContext('JSON.stringify(main(JSON.parse(json)))', context);
});
