(function(){let a=1n; for(let i=1n;i<1800n;i++) a*=i; return a.toString().length})()
