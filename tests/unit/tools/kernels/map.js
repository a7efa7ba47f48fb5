(function(){let m=new Map(); for(let i=0;i<2e4;i++) m.set("k"+i,i); let t=0; for(const [k,v] of m) t+=v; return t})()
