function  original ( a,b ) { return a+b /* kept */ ; }
class   Kept { method ( ) { } }
function main() { return [original.toString(), Kept.toString(), Kept.prototype.method.toString(), ((x)=>x).toString()]; }
